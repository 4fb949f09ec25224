"""The few spellings of protobuf's JSON form that Envoy's configuration is written in."""

from typing import Any

Json = dict[str, Any]


def typed(message: str, **fields: Any) -> Json:
    """Return a message packed as `google.protobuf.Any`; `message` is its full protobuf name."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """Return a named extension with its typed configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def duration(seconds: float) -> str:
    """Return a `google.protobuf.Duration`; `seconds` is precise to the millisecond."""
    return f"{seconds:.3f}s"


def header(key: str, value: str, *, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Json:
    """Return a header to set; `value` may hold Envoy's `%COMMANDS%`, a literal percent sign is `%%`."""
    return {"header": {"key": key, "value": value}, "append_action": action}


def literal(value: str) -> str:
    """Return `value` so that Envoy's formatter yields it unchanged."""
    return value.replace("%", "%%")

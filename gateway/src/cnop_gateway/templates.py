"""Path templates such as `/orders/{order_id}`: matching, and which of two is the more specific."""

import re
from dataclasses import dataclass

PARAMETER = None
_PARAMETER_SEGMENT = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_LITERAL_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")


class InvalidTemplate(ValueError):
    """A path is not made of plain segments and whole-segment parameters."""


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A parsed template; a segment is its literal text, or `PARAMETER`."""

    text: str
    segments: tuple[str | None, ...]

    @property
    def parameters(self) -> int:
        """How many segments are parameters."""
        return self.segments.count(PARAMETER)

    def regex(self, prefix: str = "") -> str:
        """Return an anchored RE2 pattern below `prefix`; a trailing slash is the same path.

        It begins with `^` and literal text, which lets RE2 reject other paths by comparing bytes.
        """
        parts = ("[^/]+" if segment is PARAMETER else re.escape(segment) for segment in self.segments)
        return "^" + re.escape(prefix) + "".join(f"/{part}" for part in parts) + "/?$"

    def overlaps(self, other: "PathTemplate") -> bool:
        """Whether some path matches both."""
        return len(self.segments) == len(other.segments) and all(
            PARAMETER in (mine, theirs) or mine == theirs
            for mine, theirs in zip(self.segments, other.segments, strict=True)
        )

    def within(self, other: "PathTemplate") -> bool:
        """Whether every path that matches this also matches the other."""
        return len(self.segments) == len(other.segments) and all(
            theirs is PARAMETER or mine == theirs for mine, theirs in zip(self.segments, other.segments, strict=True)
        )


def parse(text: str) -> PathTemplate:
    """Parse a template. Raises `InvalidTemplate` for anything that a router might read in two ways."""
    if not text.startswith("/"):
        raise InvalidTemplate(f"{text!r} does not start with a slash")
    parts = text.strip("/").split("/") if text.strip("/") else []
    return PathTemplate(text="/" + "/".join(parts), segments=tuple(_segment(text, part) for part in parts))


def _segment(text: str, part: str) -> str | None:
    if _PARAMETER_SEGMENT.fullmatch(part):
        return PARAMETER
    if _LITERAL_SEGMENT.fullmatch(part) and part not in {".", ".."}:
        return part
    raise InvalidTemplate(f"{text!r} has the segment {part!r}; expected plain text or one whole {{parameter}}")

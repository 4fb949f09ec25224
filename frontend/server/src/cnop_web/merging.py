"""Merges the services' OpenAPI documents into one, as the gateway serves them."""

from collections.abc import Mapping
from typing import Any, Final

API_PREFIX: Final = "/api/v1"
TITLE: Final = "Cloud-Native Order Processor"
_METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_REFERENCE: Final = "#/components/"
Json = dict[str, Any]


def merge(documents: Mapping[str, Json], *, title: str, version: str) -> Json:
    """Return one OpenAPI 3.1 document of all routed operations under `/api/v1`; `documents` by service name.

    Components of one name and different content are told apart by the service's name, as are repeated operation ids.
    """
    paths: Json = {}
    components: Json = {}
    tags: dict[str, Json] = {}
    seen_ids: set[str] = set()
    for service, document in documents.items():
        renamed = _add_components(components, document.get("components", {}), service)
        for path, item in document.get("paths", {}).items():
            operations = _routed(item, document.get("security"))
            for operation in operations.values():
                _make_unique(operation, seen_ids, service)
            if operations:
                shared = {key: value for key, value in item.items() if key not in _METHODS}
                merged = paths.setdefault(API_PREFIX + path.rstrip("/"), {})
                merged.update(_rename({**shared, **operations}, renamed))
        tags.update({tag["name"]: tag for tag in document.get("tags", [])})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": components,
        "tags": list(tags.values()),
    }


def _routed(item: Json, security: Any) -> dict[str, Json]:
    inherited = {} if security is None else {"security": security}
    return {
        method: {**inherited, **item[method]}
        for method in _METHODS
        if method in item and not item[method].get("x-internal", False)
    }


def _make_unique(operation: Json, seen: set[str], service: str) -> None:
    wanted = operation.get("operationId")
    if wanted is None:
        return
    if wanted in seen:
        operation["operationId"] = wanted = f"{service}_{wanted}"
    seen.add(wanted)


def _add_components(components: Json, added: Json, service: str) -> dict[str, str]:
    """Add a service's components and return the references that had to be renamed."""
    renamed = _clashes(components, added, service)
    for kind, named in added.items():
        for name, component in named.items():
            reference = f"{_REFERENCE}{kind}/{name}"
            key = renamed.get(reference, reference).rpartition("/")[2]
            components.setdefault(kind, {})[key] = _rename(component, renamed)
    return renamed


def _clashes(components: Json, added: Json, service: str) -> dict[str, str]:
    """Return new references for components whose name is taken by another meaning.

    A component that reads the same but refers to a clashing one means something else as well.
    """
    renamed: dict[str, str] = {}
    settled = False
    while not settled:
        settled = True
        for kind, named in added.items():
            for name, component in named.items():
                reference = f"{_REFERENCE}{kind}/{name}"
                taken = components.get(kind, {})
                if reference not in renamed and name in taken and taken[name] != _rename(component, renamed):
                    renamed[reference] = f"{_REFERENCE}{kind}/{service}_{name}"
                    settled = False
    return renamed


def _rename(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _rename(each, renamed) for key, each in value.items()}
    if isinstance(value, list):
        return [_rename(each, renamed) for each in value]
    return renamed.get(value, value) if isinstance(value, str) else value

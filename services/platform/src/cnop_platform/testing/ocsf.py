"""Validates audit records against the published OCSF schema, which the package `ocsf-json-schema` carries."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from cnop_platform.audit.ocsf import VERSION


@cache
def _schema() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))


@cache
def _validator(class_uid: int) -> Draft202012Validator:
    """Make the validator of a class. Raises `ValueError` when the schema has no such class."""
    schema = _schema()
    return Draft202012Validator(schema.get_class_schema(schema.lookup_class_name_from_uid(class_uid)))


def problems(record: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an OCSF record, each with its place; empty for a valid one."""
    record = dict(record)
    found = [
        f"{'/'.join(map(str, error.instance_path)) or 'record'}: {error.message}"
        for error in _validator(record["class_uid"]).iter_errors(record)
    ]
    if record["type_uid"] != record["class_uid"] * 100 + record["activity_id"]:
        found.append("type_uid: is not made of class and activity")
    return found

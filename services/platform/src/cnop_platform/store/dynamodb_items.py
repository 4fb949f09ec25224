"""Items, writes and queries as DynamoDB's requests spell them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from cnop_platform.store.paging import Position, Span
from cnop_platform.store.port import Absent, Body, Check, Condition, Delete, Item, Json, Key, Put, Version, Write

Attribute: TypeAlias = Mapping[str, Any]
"""A value with its type: `{"S": "text"}`."""
Payload: TypeAlias = dict[str, Any]

INDEX: Final = "gsi1"
TTL_ATTRIBUTE: Final = "expires_at"
_INDEX_NAMES: Final = ("gsi1pk", "gsi1sk")
_KEY_NAMES: Final = ("pk", "sk")


def key_attributes(key: Key) -> Payload:
    """Return the primary key of an item."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def to_item(attributes: Mapping[str, Attribute]) -> Item:
    """Build the item of a response."""
    index = None
    if "gsi1pk" in attributes:
        index = Key(attributes["gsi1pk"]["S"], attributes["gsi1sk"]["S"])
    expires_at = attributes.get(TTL_ATTRIBUTE)
    return Item(
        key=Key(attributes["pk"]["S"], attributes["sk"]["S"]),
        version=to_integer(attributes["version"]["N"]),
        body=_to_body(attributes["body"]["M"]),
        expires_at=None if expires_at is None else to_integer(expires_at["N"]),
        index=index,
    )


def to_integer(text: str) -> int:
    """Return the whole number that DynamoDB's decimal text stands for; a fraction raises `ValueError`."""
    try:
        return int(text)
    except ValueError:
        number = Decimal(text)
        if number != number.to_integral_value():
            raise ValueError(f"a stored item holds the number {text}, which is no integer") from None
        return int(number)


def to_operation(write: Write, table: str) -> Payload:
    """Return one write as an element of `TransactItems`."""
    if isinstance(write, Check):
        return {"ConditionCheck": _conditional(table, write.condition) | {"Key": key_attributes(write.key)}}
    if isinstance(write, Delete):
        return {"Delete": _conditional(table, write.condition) | {"Key": key_attributes(write.key)}}
    if isinstance(write.condition, Absent):
        return {"Put": _conditional(table, write.condition) | {"Item": _attributes(write, version=1)}}
    if isinstance(write.condition, Version):
        item = _attributes(write, version=write.condition.number + 1)
        return {"Put": _conditional(table, write.condition) | {"Item": item}}
    return {"Update": _replacement(write, table)}


def to_query(span: Span, *, table: str, after: Position | None) -> Payload:
    """Return the request for the items of `span` behind `after`."""
    partition, sort = _KEY_NAMES if span.source == "table" else _INDEX_NAMES
    terms = [f"{partition} = :pk"]
    values: dict[str, Attribute] = {":pk": {"S": span.pk}}
    range_term, range_values = _range(span, sort)
    if range_term:
        terms.append(range_term)
        values.update(range_values)
    payload: Payload = {
        "TableName": table,
        "KeyConditionExpression": " AND ".join(terms),
        "ExpressionAttributeValues": values,
        "ScanIndexForward": span.forward,
    }
    if span.source == "table":
        payload["ConsistentRead"] = True
    else:
        payload["IndexName"] = INDEX
    if after is not None:
        payload["ExclusiveStartKey"] = _start_key(span, after)
    return payload


def _range(span: Span, sort: str) -> tuple[str, dict[str, Attribute]]:
    if span.prefix:
        return f"begins_with({sort}, :prefix)", {":prefix": {"S": span.prefix}}
    if span.upper is not None and span.lower:
        return f"{sort} BETWEEN :lower AND :upper", {":lower": {"S": span.lower}, ":upper": {"S": span.upper}}
    if span.upper is not None:
        return f"{sort} <= :upper", {":upper": {"S": span.upper}}
    if span.lower:
        return f"{sort} >= :lower", {":lower": {"S": span.lower}}
    return "", {}


def _start_key(span: Span, after: Position) -> Payload:
    *place, key = span.keys_at(after)
    start = key_attributes(key)
    for index_key in place:
        start |= {"gsi1pk": {"S": index_key.pk}, "gsi1sk": {"S": index_key.sk}}
    return start


def _conditional(table: str, condition: Condition) -> Payload:
    if isinstance(condition, Absent):
        return {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    if isinstance(condition, Version):
        return {
            "TableName": table,
            "ConditionExpression": "#version = :expected",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":expected": {"N": str(condition.number)}},
        }
    return {"TableName": table}


def _attributes(put: Put, *, version: int) -> Payload:
    return key_attributes(put.key) | _content(put) | {"version": {"N": str(version)}}


def _content(put: Put) -> Payload:
    content: Payload = {"body": to_attribute(put.body)}
    if put.expires_at is not None:
        content[TTL_ATTRIBUTE] = {"N": str(put.expires_at)}
    if put.index is not None:
        content |= {"gsi1pk": {"S": put.index.pk}, "gsi1sk": {"S": put.index.sk}}
    return content


def _replacement(put: Put, table: str) -> Payload:
    """Return an update that replaces all attributes, since only an update can count the version up by itself."""
    content = _content(put)
    assignments = ["#version = if_not_exists(#version, :zero) + :one", *(f"#{name} = :{name}" for name in content)]
    removed = [name for name in (TTL_ATTRIBUTE, *_INDEX_NAMES) if name not in content]
    expression = "SET " + ", ".join(assignments)
    if removed:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    return {
        "TableName": table,
        "Key": key_attributes(put.key),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in ("version", *content, *removed)},
        "ExpressionAttributeValues": {
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            **{f":{name}": value for name, value in content.items()},
        },
    }


def to_attribute(value: object) -> Attribute:
    """Return a value that `limits.check_writes` accepted, with its type."""
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(int(value))}
    if isinstance(value, dict | Mapping):
        return {"M": {name: to_attribute(part) for name, part in value.items()}}
    if isinstance(value, Sequence):
        return {"L": [to_attribute(part) for part in value]}
    raise TypeError(f"{type(value).__name__} has no DynamoDB form")


def _to_body(attributes: Mapping[str, Attribute]) -> Body:
    # A map has no order of its own in DynamoDB; sorted names make it the same as everywhere else.
    return {name: _to_value(attributes[name]) for name in sorted(attributes)}


def _to_value(attribute: Attribute) -> Json:
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return cast(Json, value)
        case "N":
            return to_integer(value)
        case "NULL":
            return None
        case "M":
            return _to_body(value)
        case "L":
            return [_to_value(part) for part in value]
        case _:
            raise ValueError(f"a stored item holds the DynamoDB type {kind}, which no body has")

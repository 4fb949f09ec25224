"""Makes a process write down which keys of the store it touches, one JSON line a request, with what it would cost."""

import functools
import json
import math
import os
import pathlib

from cnop_platform.store import Check, Delete, Put
from cnop_platform.store.dynamodb_items import to_operation
from cnop_platform.store.port import Absent
from cnop_platform.store.sqlite import SqliteStore

KINDS = {Put: "write", Delete: "delete", Check: "read"}
READ_UNIT, WRITE_UNIT = 4096, 1024


def install(folder):
    """Record what `SqliteStore` is asked for in this process, into a file of its own in `folder`."""
    component = pathlib.Path(os.environ.get("CNOP_SECRETS_DIR", "cli")).name
    file = (pathlib.Path(folder) / f"{component}-{os.getpid()}.jsonl").open("a", buffering=1)

    def note(action, keys, units):
        file.write(json.dumps({"component": component, "action": action, "keys": keys, "units": units}) + "\n")

    def transacted(given, _answer):
        for write in given[0]:
            note(KINDS[type(write)], [write.key.pk], write_units(write))

    after("get", lambda given, item: note("read", [given[0].pk], items_units([item] if item else [])))
    after("get_many", lambda given, found: note("read", pks(given[0]), items_units(found.values())))
    after("query", lambda given, page: note("read", [given[0]], page_units(page)))
    after("query_index", lambda given, page: note("index", [given[0]], page_units(page) / 2))
    after("transact", transacted)
    scan = SqliteStore.scan

    def noted_scan(self, *, prefix=""):
        note("scan", [prefix], 0)
        return scan(self, prefix=prefix)

    SqliteStore.scan = noted_scan


def after(name, report):
    """Call `report` with the arguments and the answer of each successful call of a method."""
    original = getattr(SqliteStore, name)

    @functools.wraps(original)
    async def recorded(self, *given, **named):
        answer = await original(self, *given, **named)
        report(given, answer)
        return answer

    setattr(SqliteStore, name, recorded)


def pks(keys):
    """Return the partitions of keys."""
    return sorted({key.pk for key in keys})


def items_units(items):
    """Return the read units of items that are read one by one, strongly consistent; a missing one costs one as well."""
    return sum(math.ceil(size(item) / READ_UNIT) for item in items) or 1


def page_units(page):
    """Return the read units of a strongly consistent query."""
    return math.ceil(sum(size(item) for item in page.items) / READ_UNIT) or 1


def write_units(write):
    """Return the write units of one write in a transaction, and of its place in the index."""
    if not isinstance(write, Put):
        return 2
    units = math.ceil(size(write) / WRITE_UNIT)
    return 2 * units + (units if write.index else 0)


def size(item):
    """Return about how many bytes DynamoDB charges for."""
    put = Put(item.key, item.body, Absent(), expires_at=item.expires_at, index=item.index)
    attributes = to_operation(put, "t")["Put"]["Item"]
    return sum(len(name) + _size(value) for name, value in attributes.items())


def _size(value):
    kind, inner = next(iter(value.items()))
    if kind == "M":
        return 3 + sum(len(name.encode()) + 1 + _size(each) for name, each in inner.items())
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in inner)
    if kind == "N":
        return len(str(inner)) // 2 + 2
    return len(str(inner).encode()) if kind in "SB" else 1

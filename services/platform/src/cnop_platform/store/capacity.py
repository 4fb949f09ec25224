"""What requests to DynamoDB consume, in read and write units, counted or computed.

A transactional write costs two write units per kilobyte begun, a check two, and an item's entry in the index as much as
the item ("Amazon DynamoDB Transactions: How it works", "Capacity management for transactions"; DynamoDB Local agrees).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cnop_platform.store.limits import item_bytes
from cnop_platform.store.port import Put, Write

_WRITE_UNIT_BYTES: Final = 1024
_UNITS_PER_TRANSACTED_KILOBYTE: Final = 2


class CapacityMeter:
    """Adds up what DynamoDB says it charged; give one to `DynamoStore.open`."""

    def __init__(self) -> None:
        self.reads = 0.0
        """Read units."""
        self.writes = 0.0
        """Write units, those of the index included."""
        self.requests = 0

    def record(self, action: str, consumed: Sequence[Mapping[str, Any]]) -> None:
        """Add up the `ConsumedCapacity` of the response to `action`."""
        self.requests += 1
        units = sum(entry["CapacityUnits"] for entry in consumed)
        # Nothing else writes, so the total of any other request is what it read.
        if action == "TransactWriteItems":
            self.writes += units
        else:
            self.reads += units


def write_units(writes: Sequence[Write]) -> int:
    """Return the write units of one transaction, as if each item had had its present size before.

    Entries of the index are counted as new or kept in place; moving one costs twice, leaving the index once.
    """
    return sum(_units(write) for write in writes)


def _units(write: Write) -> int:
    if not isinstance(write, Put):
        return _UNITS_PER_TRANSACTED_KILOBYTE
    kilobytes = -(-item_bytes(write) // _WRITE_UNIT_BYTES)
    return kilobytes * _UNITS_PER_TRANSACTED_KILOBYTE * (2 if write.index else 1)

"""The store port: items addressed by (`pk`, `sk`) in one table, conditional transactions, and nothing cleverer.

Both adapters pass one contract suite. Time to live is a hint for the store to delete an item some time after
`expires_at`; an expired item may still be returned, so whoever relies on expiry compares `expires_at` itself.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple, Protocol, TypeAlias

from cnop_core.errors import CnopError, Conflict, InvalidInput, Unavailable

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What a body may hold. Floats are refused: no float touches the store. Names come back in sorted order."""
Body: TypeAlias = Mapping[str, Json]

MAX_WRITES: Final = 100
MAX_PAGE: Final = 1000
MAX_KEYS: Final = 100
MAX_ITEM_BYTES: Final = 400 * 1024
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024


class Key(NamedTuple):
    """The address of an item."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Item:
    """A stored item. `version` starts at 1 and grows by one with each put; `expires_at` is epoch seconds."""

    key: Key
    version: int
    body: Body
    expires_at: int | None = None
    index: Key | None = None


@dataclass(frozen=True, slots=True)
class Anything:
    """No condition."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The item must not exist."""


@dataclass(frozen=True, slots=True)
class Version:
    """The item must exist with exactly this version."""

    number: int


Condition: TypeAlias = "Anything | Absent | Version"


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item. The new version is the old one plus one (1 for a new item)."""

    key: Key
    body: Body
    condition: Condition = field(default_factory=Anything)
    expires_at: int | None = None
    index: Key | None = None
    """Where the item appears in the sparse index `gsi1`, if anywhere."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the item; without a condition, a missing item is fine."""

    key: Key
    condition: Condition = field(default_factory=Anything)


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but let the transaction fail unless the condition holds."""

    key: Key
    condition: Absent | Version


Write: TypeAlias = "Put | Delete | Check"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query. `cursor` continues it; None means that there is no more."""

    items: tuple[Item, ...]
    cursor: str | None


class ConditionFailed(Conflict):
    """One or more conditions of a transaction did not hold; nothing was written."""

    code: ClassVar[str] = "CONFLICT"

    def __init__(self, failed: Sequence[tuple[int, Key]]) -> None:
        super().__init__("the item was changed by someone else in the meantime; read it again")
        self.failed = tuple(failed)
        """(index in the list of writes, key) of every failed condition that the store reported, at least one."""

    def concerns(self, key: Key) -> bool:
        """Tell whether the write to `key` was among the failed ones."""
        return any(failed == key for _, failed in self.failed)


class StoreUnavailable(Unavailable):
    """The store did not answer in time; whether a transaction took effect is unknown. Maps to 503."""


class InvalidCursor(InvalidInput):
    """The cursor was not made by this query."""


class InvalidWrite(CnopError):
    """A programming error: a key twice in one transaction, too many writes, a float in a body, an item above 400 KB."""


class InvalidQuery(CnopError):
    """A programming error: a limit or a number of keys out of range, a prefix together with a range."""


class Store(Protocol):
    """The system of record. All methods may raise `StoreUnavailable`."""

    async def get(self, key: Key) -> Item | None:
        """Read one item, strongly consistent."""
        ...

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Read up to 100 items, each strongly consistent but not one snapshot; missing ones are left out.

        Raises `InvalidQuery`.
        """
        ...

    async def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Read up to `limit` (≤ 1000) items of one partition, strongly consistent, ordered by the UTF-8 bytes of sk.

        Either `prefix`, or the inclusive range from `start` to `end` (each may be left out).
        Raises `InvalidCursor`, `InvalidQuery`.
        """
        ...

    async def query_index(
        self,
        pk: str,
        *,
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Read items by their `index` key, as `query` does, but eventually consistent."""
        ...

    async def transact(self, writes: Sequence[Write]) -> None:
        """Apply 1 to 100 writes to distinct keys, all or nothing, durably. Raises `ConditionFailed`, `InvalidWrite`."""
        ...

    def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """Walk over every item whose pk starts with `prefix`; for operators' tools only."""
        ...

    async def ping(self) -> None:
        """Return when the store answers, or raise `StoreUnavailable`."""
        ...

    async def close(self) -> None:
        """Finish queued writes and release connections and files."""
        ...

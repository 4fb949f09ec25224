"""The register of who was erased: in a store of its own, which is never put back to an earlier state."""

from collections.abc import Iterable

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import UserId
from cnop_platform.store import Item, Put, Store
from cnop_users.application import keys


class ErasureRegister:
    """Opaque ids, and since when. Entries are only ever added."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, user_ids: Iterable[UserId]) -> None:
        """Note that these people were erased."""
        for user_id in user_ids:
            await self._store.transact([Put(keys.erased_key(user_id), {"at_ms": epoch_ms(self._clock.now())})])

    async def everybody(self) -> list[UserId]:
        """Return everybody who was ever erased."""
        return list(await listed(self._store))


async def listed(store: Store) -> dict[UserId, Item]:
    """Return whom a store, the main one or the register's, lists as erased, with what it notes of each."""
    found: dict[UserId, Item] = {}
    cursor = None
    while True:
        page = await store.query(keys.ERASED, limit=1000, cursor=cursor)
        found.update({UserId(item.key.sk): item for item in page.items})
        cursor = page.cursor
        if cursor is None:
            return found

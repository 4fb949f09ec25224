"""Where people have signed in from before: networks, as pseudonyms, for a few months."""

from dataclasses import dataclass
from typing import Final

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import UserId
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put, Store
from cnop_users.application import keys
from cnop_users.application.limits import LoginLimits

_MEMORY_SECONDS: Final = 90 * 86_400
_FORGOTTEN_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """One network; `expires_at`, when it is forgotten, in epoch seconds."""

    pseudonym: str
    last_used_ms: int
    expires_at: int


class Places:
    """Remembers networks; a known one exempts from slowed-down sign-ins, an unknown one is worth a letter."""

    def __init__(self, *, store: Store, limits: LoginLimits, clock: Clock) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock

    async def knows(self, user_id: UserId, context: RequestContext) -> bool:
        """Tell whether the person signed in from the network of this request lately."""
        now = self._clock.now().timestamp()
        # Each is read, whichever is known: where there is no account it takes as long.
        found = [await self._store.get(keys.place_key(user_id, place)) for place in self._limits.places(context)]
        return any(item is not None and (item.expires_at or 0) > now for item in found)

    async def knows_any(self, user_id: UserId) -> bool:
        """Tell whether the person signed in from anywhere before."""
        page = await self._store.query(keys.partition(user_id), prefix=keys.PLACES, limit=1)
        return bool(page.items)

    async def of(self, user_id: UserId) -> list[Place]:
        """Return what is remembered of a person."""
        page = await self._store.query(keys.partition(user_id), prefix=keys.PLACES, limit=1000)
        return [
            Place(item.key.sk.removeprefix(keys.PLACES), int(str(item.body["last_used_ms"])), item.expires_at or 0)
            for item in page.items
        ]

    async def forget(self, user_id: UserId) -> None:
        """Forget every network of a person."""
        known = keys.partition(user_id)
        while (page := await self._store.query(known, prefix=keys.PLACES, limit=_FORGOTTEN_AT_ONCE)).items:
            await self._store.transact([Delete(item.key) for item in page.items])

    def put(self, user_id: UserId, context: RequestContext) -> Put:
        """Return the write that remembers the network of this request."""
        now = self._clock.now()
        return Put(
            keys.place_key(user_id, self._limits.place(context)),
            {"last_used_ms": epoch_ms(now)},
            expires_at=int(now.timestamp()) + _MEMORY_SECONDS,
        )

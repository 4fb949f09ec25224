"""Checks of proofs of identity: no more at once than may fail, and passwords in their turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

from cnop_core.errors import RateLimited
from cnop_core.ids import UserId
from cnop_platform.access import Principal
from cnop_platform.request_context import RequestContext
from cnop_users.application.limits import Crowded, LoginLimits, slowed_down
from cnop_users.application.places import Places
from cnop_users.application.ports import PasswordHasher
from cnop_users.domain.users import User

Begin: TypeAlias = Callable[[AsyncExitStack], Awaitable[None]]

# People behind one address who sign in at the same moment wait for each other; each takes a tenth of a second or so.
_PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4)
_NOBODY: Final = UserId("usr_nobody")
"""Whose places are looked up where there is no account, so that both take as long."""


class Attempts:
    """Lets proofs be checked."""

    def __init__(self, *, hasher: PasswordHasher, limits: LoginLimits, places: Places) -> None:
        self._hasher = hasher
        self._limits = limits
        self._places = places

    async def require_open_name(self, identifier: str, user: User | None, context: RequestContext) -> None:
        """Slow down guesses at one name, but not for its owner: not where they have signed in from before.

        Raises `RateLimited`.
        """
        seconds = await self._limits.wait_for_name(identifier)
        if seconds and not await self._is_at_home(user, context):
            raise slowed_down(seconds)

    @asynccontextmanager
    async def sign_in(
        self, identifier: str, user: User | None, context: RequestContext, *, hashes: bool
    ) -> AsyncIterator[None]:
        """Let somebody show who they are; a failure has to be counted inside.

        Raises `AddressBlocked`, `RateLimited`, and `HashingBusy` where a password `hashes`.
        """

        async def begin(held: AsyncExitStack) -> None:
            await held.enter_async_context(self._limits.attempt(context))
            try:
                await held.enter_async_context(self._limits.attempt_at(identifier))
            except RateLimited:
                if not await self._is_at_home(user, context):
                    raise

        async with self._begun(begin, hashes=hashes):
            yield

    @asynccontextmanager
    async def within_session(self, principal: Principal, *, hashes: bool) -> AsyncIterator[None]:
        """Let somebody signed in show again who they are; a failure has to be counted inside.

        Raises `RateLimited`, and `HashingBusy` where a password `hashes`.
        """

        async def begin(held: AsyncExitStack) -> None:
            await held.enter_async_context(self._limits.attempt_within(principal))

        async with self._begun(begin, hashes=hashes):
            yield

    @asynccontextmanager
    async def _begun(self, begin: Begin, *, hashes: bool) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            for pause in _PAUSES_SECONDS:
                if await self._began(held, begin, hashes=hashes):
                    break
                # Without a turn: everybody would wait for whoever waits here.
                await asyncio.sleep(pause)
            else:
                raise RateLimited("too many attempts at once; try again in a moment", retry_after_seconds=1)
            yield

    async def _began(self, held: AsyncExitStack, begin: Begin, *, hashes: bool) -> bool:
        """Hold a turn and an attempt, or neither while as many are under way as failures are left."""
        async with AsyncExitStack() as tried:
            if hashes:
                await tried.enter_async_context(self._hasher.turn())
            try:
                await begin(tried)
            except Crowded:
                return False
            held.push_async_exit(tried.pop_all())
            return True

    async def _is_at_home(self, user: User | None, context: RequestContext) -> bool:
        """Tell whether the person has signed in from this network before."""
        knows = await self._places.knows(user.user_id if user else _NOBODY, context)
        return knows and user is not None

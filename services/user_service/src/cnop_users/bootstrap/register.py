"""Opens the store that the erasure register has to itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cnop_platform.store import Store
from cnop_platform.store.open import open_store
from cnop_users.settings import UsersSettings


@asynccontextmanager
async def erasure_register(settings: UsersSettings) -> AsyncIterator[Store | None]:
    """Open the register's store for as long as the body lasts; None where the settings name none."""
    if settings.erasure_register is None:
        yield None
        return
    store = await open_store(settings.erasure_register)
    try:
        yield store
    finally:
        await store.close()

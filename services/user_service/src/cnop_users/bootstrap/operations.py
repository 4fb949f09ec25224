"""What operators do from the command line, with the service's own settings: first administrator, roles, keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cnop_core.clock import Clock
from cnop_core.errors import NotFound
from cnop_core.ids import UserId
from cnop_platform.directory import Directory
from cnop_platform.permissions import Role
from cnop_platform.request_context import RequestContext
from cnop_platform.runtime import service_runtime
from cnop_platform.store import ConditionFailed, Delete, Put, Store, Version, Write
from cnop_platform.system import SystemClock
from cnop_users.adapters.signing_keys import SigningKeys, read_keys, stamped_key_id
from cnop_users.application import codec, keys
from cnop_users.application.administration import OPERATOR, Actor
from cnop_users.application.registration import NewAccount, claim_email
from cnop_users.bootstrap.register import erasure_register
from cnop_users.bootstrap.service import UserService
from cnop_users.domain import rules
from cnop_users.domain.users import Profile
from cnop_users.settings import UsersSettings

_CONTEXT: Final = RequestContext(
    request_id="command-line", client_address="127.0.0.1", user_agent="cnop", via_gateway=False
)


class Operations:
    """One operator's session with the store of a running (or stopped) stack."""

    def __init__(self, service: UserService, store: Store) -> None:
        self._service = service
        self._store = store
        self._actor = Actor(OPERATOR, _CONTEXT)

    async def create_admin(self, *, username: str, email: str, password: str) -> UserId:
        """Make an administrator's account.

        Raises `ValueError` for a name, address or password against its rule, `WeakPassword`, `AlreadyTaken`.
        """
        account = NewAccount(
            username=rules.username(username),
            password=rules.password_length(password),
            profile=Profile(email=rules.email(email)),
        )
        roles = frozenset({Role.ADMIN})
        return (await self._service.registration.register(account, context=_CONTEXT, roles=roles)).user_id

    async def grant(self, username: str, role: Role) -> frozenset[Role]:
        """Give somebody a role; return the ones they have then. Raises `NotFound`."""
        user = await self._service.accounts.get(await self._find(username))
        changed = await self._service.administration.set_roles(user.user_id, user.roles | {role}, actor=self._actor)
        return changed.roles

    async def revoke(self, username: str, role: Role) -> frozenset[Role]:
        """Take a role away; return the ones that are left. Raises `NotFound`, `InvalidInput` for the last one."""
        user = await self._service.accounts.get(await self._find(username))
        changed = await self._service.administration.set_roles(user.user_id, user.roles - {role}, actor=self._actor)
        return changed.roles

    async def suspend(self, username: str) -> None:
        """Keep somebody out. Raises `NotFound`."""
        await self._service.administration.suspend(await self._find(username), actor=self._actor)

    async def reinstate(self, username: str) -> None:
        """Let somebody in again. Raises `NotFound`."""
        await self._service.administration.reinstate(await self._find(username), actor=self._actor)

    async def begin_reset(self, username: str, *, lock: bool) -> None:
        """Send somebody a letter for a new password. Raises `NotFound`, `NotResettable`, `RateLimited`."""
        await self._service.administration.begin_reset(await self._find(username), lock=lock, actor=self._actor)

    async def rewrap_data_keys(self) -> int:
        """Wrap every data key that is still under an older master key under the current one; return how many."""
        rewrapped = 0
        async for item in self._store.scan(prefix=keys.USERS_PREFIX):
            user_id = keys.owner_of(item.key)
            if item.key != keys.data_key_key(user_id):
                continue
            body = await self._service.vault.rewrap(user_id, item.body)
            if body is not None:
                # Whoever erased the person meanwhile has deleted the key; then it stays gone.
                rewrapped += await self._applied([Put(item.key, body, Version(item.version))])
        return rewrapped

    async def reindex_emails(self) -> int:
        """Claim every address that is still claimed under an older index key under the current one; return how many.

        Run it again until it returns 0; then the older key can be taken out of the settings.
        """
        reindexed = 0
        async for item in self._store.scan(prefix=keys.USERS_PREFIX):
            user_id = keys.owner_of(item.key)
            if item.key == keys.user_key(user_id):
                reindexed += await self._reindex(user_id)
        return reindexed

    async def seal_passkeys(self) -> int:
        """Seal every passkey that was enrolled before their keys were sealed, as it stands; return how many.

        It believes what the store says, once: run it when upgrading, again until it returns 0, and not later.
        """
        sealed = 0
        async for item in self._store.scan(prefix=keys.USERS_PREFIX):
            if item.key.sk.startswith(keys.PASSKEYS):
                sealed += await self._service.passkeys.adopt(item, context=_CONTEXT, actor=OPERATOR)
        return sealed

    async def _reindex(self, user_id: UserId) -> bool:
        try:
            person = await self._service.accounts.open(user_id)
        except NotFound:
            return False
        claims = self._service.accounts.email_claims(person.profile.email)
        if person.user.email_index == claims[0]:
            return False
        old = keys.email_key(person.user.email_index)
        claim = claim_email(claims[:1], user_id)
        moved = codec.user_put(person.user.with_email_index(claims[0]))
        return await self._applied([moved, Delete(old), *claim])

    async def _applied(self, writes: list[Write]) -> bool:
        try:
            await self._store.transact(writes)
        except ConditionFailed:
            return False
        return True

    async def _find(self, username: str) -> UserId:
        user_id = await Directory(self._store).find(username)
        if user_id is None:
            raise NotFound(f"there is no user {username}")
        return user_id


@asynccontextmanager
async def operations(settings: UsersSettings) -> AsyncIterator[Operations]:
    """Connect with the service's settings; running services learn at once what is changed here."""
    signing = SigningKeys(settings.signing_keys, clock=SystemClock(), lead_seconds=settings.jwks_cache_seconds)
    async with (
        service_runtime(settings, name="cnop_cli", keys=signing) as runtime,
        erasure_register(settings) as register,
    ):
        service = UserService(settings, runtime, signing, register=register)
        try:
            yield Operations(service, runtime.infrastructure.store)
        finally:
            await service.close()


def rotate_signing_key(folder: Path, *, clock: Clock) -> str:
    """Add a signing key and return its id. Services publish it within seconds and sign with it a cache period later.

    Raises `FileExistsError` for a second key within one second.
    """
    key_id = stamped_key_id(clock.now())
    private = ec.generate_private_key(ec.SECP256R1())
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Written aside and then linked, so that no service ever reads half a key, and none is ever overwritten.
    draft = folder / f".{key_id}.draft"
    draft.touch(mode=0o600, exist_ok=True)
    draft.write_bytes(text)
    try:
        (folder / f"{key_id}.pem").hardlink_to(draft)
    finally:
        draft.unlink()
    return key_id


def retire_signing_keys(folder: Path, *, clock: Clock, lead_seconds: int, token_seconds: int) -> list[str]:
    """Delete the keys whose successor has signed for longer than any token lives; return their ids."""
    by_age = sorted(read_keys(folder).values(), key=lambda key: (key.created_at, key.key_id))
    settled = clock.now() - timedelta(seconds=2 * lead_seconds + token_seconds)
    retired = [older for older, newer in pairwise(by_age) if newer.created_at <= settled]
    for key in retired:
        (folder / f"{key.key_id}.pem").unlink()
    return [key.key_id for key in retired]

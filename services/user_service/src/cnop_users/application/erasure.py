"""Erasing a person: their data key is destroyed, the ledger and the audit trail stay and stay verifiable."""

from contextlib import suppress
from dataclasses import replace
from typing import Final

from cnop_core.clock import Clock, epoch_ms
from cnop_core.errors import Conflict, Unavailable
from cnop_core.ids import UserId
from cnop_ledger import LedgerReader, Wallet
from cnop_ledger.application.keys import wallet_key
from cnop_platform.access import Principal
from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.directory import username_put
from cnop_platform.permissions import Role
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Check, Delete, Key, Put, Store, Version, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, UnknownUser
from cnop_users.application.conflicts import settle
from cnop_users.application.erasure_register import ErasureRegister, listed
from cnop_users.application.sessions import Sessions
from cnop_users.domain.users import Status, User

_ENDED_IN_ONE: Final = 40
_SWEPT_AT_ONCE: Final = 45
_SWEPT: Final = "swept"
"""What the note of an erasure says when nothing is left to be removed."""
_NAMELESS: Final = "erased"


class StillAdministrator(Conflict):
    """An administrator leaves only after another one took that role from them, so that one always remains."""


class NotEmpty(Conflict):
    """The wallet still holds something, or an order is open."""


class Erasure:
    """Erases people, and remembers whom, so that a restored backup can be brought up to date.

    One transaction makes a person unreadable; what is left of them afterwards is removed then, or by `reconcile`.
    """

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        sessions: Sessions,
        reader: LedgerReader,
        audit: AuditTrail,
        clock: Clock,
        register: ErasureRegister | None = None,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._reader = reader
        self._audit = audit
        self._clock = clock
        self._register = register

    async def erase(self, principal: Principal, *, context: RequestContext) -> None:
        """Erase the caller. Raises `NotEmpty`, `StillAdministrator` while something keeps them."""
        user_id = principal.user_id
        await settle(lambda: self._erase_own(user_id, context))
        await self._note(user_id)
        await self._clean_up(user_id, context)

    async def reapply(self, user_id: UserId, *, context: RequestContext) -> bool:
        """Erase somebody again whom a restored backup brought back, whatever it says they own; tell whether it had."""
        item = await self._store.get(keys.user_key(user_id))
        if item is None or codec.user_from_item(item).status is Status.ERASED:
            return False
        try:
            await settle(lambda: self._erase_once(user_id, context))
        except UnknownUser:
            return False  # another process, which compares the two as well, was faster
        await self._clean_up(user_id, context)
        return True

    async def reconcile(self, *, context: RequestContext) -> int:
        """Finish what was interrupted, and bring register and store together.

        Return how many were erased again because a backup brought them back.
        """
        here = await listed(self._store)
        for user_id in sorted(user_id for user_id, note in here.items() if not note.body.get(_SWEPT)):
            await self._clean_up(user_id, context)
        if self._register is None:
            return 0
        ever = set(await self._register.everybody())
        await self._register.add(sorted(here.keys() - ever))
        return sum([await self.reapply(user_id, context=context) for user_id in sorted(ever - here.keys())])

    async def _note(self, user_id: UserId) -> None:
        # What fails here is made up for by `reconcile`: the store has noted the same in the erasure's own transaction.
        if self._register is not None:
            with suppress(Unavailable):
                await self._register.add([user_id])

    async def _erase_own(self, user_id: UserId, context: RequestContext) -> None:
        user = await self._accounts.get(user_id)
        if Role.ADMIN in user.roles:
            raise StillAdministrator("another administrator must take that role from you first")
        wallet = await self._reader.wallet(user_id)
        if wallet.open_orders or any(holding.posted for holding in wallet.holdings.values()):
            raise NotEmpty("withdraw your cash, sell your assets and cancel your open orders first")
        await self._erase_once(user_id, context, unchanged=_unchanged(wallet))

    async def _erase_once(self, user_id: UserId, context: RequestContext, *, unchanged: Check | None = None) -> None:
        user = await self._accounts.get(user_id)
        if user.status is Status.ERASED:
            raise UnknownUser("there is no such account")
        now = self._clock.now()
        held = (await self._sessions.active(user_id))[:_ENDED_IN_ONE]
        event = trail.account_change("account_erased", user_id=user_id, context=context, severity=Severity.MEDIUM)
        writes: list[Write] = [
            codec.user_put(_tombstone(replace(user, updated_at=now))),
            Delete(keys.data_key_key(user_id)),
            Delete(keys.email_key(user.email_index)),
            Delete(username_put(user.username, user_id).key),
            Put(keys.erased_key(user_id), {"at_ms": epoch_ms(now)}),
            *self._sessions.ending(held, unconditional=True),
            self._audit.record_put(event),
            *([unchanged] if unchanged else []),
        ]
        await self._store.transact(writes)
        await self._sessions.announce(held)

    async def _clean_up(self, user_id: UserId, context: RequestContext) -> None:
        """End what was begun meanwhile, remove what nobody can read any more, and note that nothing is left."""
        await self._sessions.end_all(user_id, context=context, reason="account_erased")
        while left := await self._leftovers(user_id):
            await self._store.transact(left)
        note = await self._store.get(keys.erased_key(user_id))
        if note is not None:
            await self._store.transact([Put(note.key, {**note.body, _SWEPT: True})])

    async def _leftovers(self, user_id: UserId) -> list[Write]:
        page = await self._store.query(keys.partition(user_id), limit=_SWEPT_AT_ONCE)
        gone = [item for item in page.items if item.key != keys.user_key(user_id)]
        links = [item for item in gone if item.key.sk.startswith(keys.IDENTITIES)]
        return [*(Delete(item.key) for item in gone), *(Delete(Key(str(item.body["link"]), "LINK")) for item in links)]


def _unchanged(wallet: Wallet) -> Check:
    """Return the condition that nothing came in since the wallet was found empty."""
    return Check(wallet_key(wallet.user_id), Version(wallet.version) if wallet.version else Absent())


def _tombstone(user: User) -> User:
    return replace(
        user,
        username=_NAMELESS,
        status=Status.ERASED,
        roles=frozenset(),
        password=None,
        email_index="",
        email_verified=False,
        sealed_profile="",
        factors=frozenset(),
    )

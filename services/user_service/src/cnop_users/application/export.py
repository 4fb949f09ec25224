"""Everything that the platform holds about a person, for that person, as one JSON document in pieces."""

from collections.abc import AsyncIterator
from typing import Any

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.ids import UserId
from cnop_core.money import format_units
from cnop_ledger import Entry, LedgerReader, Wallet
from cnop_platform import strict_json
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.events import SecurityEvents
from cnop_users.application.sessions import Sessions
from cnop_users.domain.sessions import Session

_PAGE = 100


class AccountExport:
    """Collects what is stored about one person. Orders are in it as far as they moved anything."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        events: SecurityEvents,
        reader: LedgerReader,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._events = events
        self._reader = reader
        self._clock = clock

    async def document(self, user_id: UserId) -> AsyncIterator[str]:
        """Yield the document piece by piece: account, sessions, security events, ledger entries."""
        person, wallet = await self._accounts.open(user_id), await self._reader.wallet(user_id)
        head = {
            "exported_at": to_rfc3339(self._clock.now()),
            "account": _account(person),
            "sessions": [_session(session) for session in await self._sessions.active(user_id)],
        }
        yield strict_json.dumps(head)[:-1] + ',"security_events":['
        async for piece in _joined(self._event_documents(user_id)):
            yield piece
        yield '],"ledger_entries":['
        async for piece in _joined(self._entry_documents(wallet)):
            yield piece
        yield "]}"

    async def _event_documents(self, user_id: UserId) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            page = await self._events.of(user_id, limit=_PAGE, cursor=cursor)
            for event in page.events:
                yield {
                    "event_id": event.event_id,
                    "type": event.name,
                    "succeeded": event.succeeded,
                    "timestamp": to_rfc3339(event.at),
                    "address": event.address,
                    "session_id": event.session_id,
                    "details": dict(event.details),
                }
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _entry_documents(self, wallet: Wallet) -> AsyncIterator[dict[str, Any]]:
        async for entry in self._reader.entries(wallet.user_id):
            yield _entry(entry, wallet)


async def _joined(documents: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    first = True
    async for document in documents:
        yield ("" if first else ",") + strict_json.dumps(document)
        first = False


def _account(person: Person) -> dict[str, Any]:
    user, profile = person.user, person.profile
    return {
        "user_id": user.user_id,
        "username": user.username,
        "roles": sorted(role.value for role in user.roles),
        "email": profile.email,
        "email_verified": user.email_verified,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "phone": profile.phone,
        "date_of_birth": profile.date_of_birth.isoformat() if profile.date_of_birth else None,
        "marketing_emails_consent": profile.marketing_emails_consent,
        "second_factors": sorted(user.factors),
        "created_at": to_rfc3339(user.created_at),
        "updated_at": to_rfc3339(user.updated_at),
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "created_at": to_rfc3339(session.created_at),
        "last_used_at": to_rfc3339(session.last_used_at),
        "address": session.device.address,
        "user_agent": session.device.user_agent,
    }


def _entry(entry: Entry, wallet: Wallet) -> dict[str, Any]:
    return {
        "transaction_id": entry.transaction_id,
        "type": entry.kind.value,
        "order_id": entry.order_id,
        "created_at": to_rfc3339(entry.created_at),
        "postings": [
            {
                "account": posting.account.value,
                "asset_id": posting.asset_id,
                "amount": format_units(posting.amount, scale=wallet.holding(posting.asset_id).scale),
            }
            for posting in entry.postings
        ],
    }

"""Everything that the platform holds about a person, for that person, as one JSON document in pieces."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from cnop_core.clock import Clock, from_epoch_ms, to_rfc3339
from cnop_core.ids import UserId
from cnop_core.money import PRICE_SCALE, format_cents, format_units
from cnop_ledger import Entry, LedgerReader, Trade, Wallet
from cnop_platform import strict_json
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Item
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.events import SecurityEvents
from cnop_users.application.identities import Identities
from cnop_users.application.passkey_records import Passkey
from cnop_users.application.passkeys import Passkeys
from cnop_users.application.places import Place, Places
from cnop_users.application.sessions import Sessions
from cnop_users.domain.sessions import Session

_PAGE = 100


class AccountExport:
    """Collects what is stored about one person; secrets are named, never shown."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        events: SecurityEvents,
        reader: LedgerReader,
        passkeys: Passkeys,
        identities: Identities,
        places: Places,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._events = events
        self._reader = reader
        self._passkeys = passkeys
        self._identities = identities
        self._places = places
        self._audit = audit
        self._clock = clock

    async def document(self, user_id: UserId, *, context: RequestContext) -> AsyncIterator[str]:
        """Yield the document piece by piece: account, ways to sign in, security events, ledger entries, orders.

        That it was asked for is recorded.
        """
        person, wallet = await self._accounts.open(user_id), await self._reader.wallet(user_id)
        self._audit.emit(
            AuditEvent("account_exported", succeeded=True, actor=user_id, subject=user_id, context=context)
        )
        head = {
            "exported_at": to_rfc3339(self._clock.now()),
            "account": _account(person),
            "sessions": [_session(session) for session in await self._sessions.active(user_id)],
            "passkeys": [_passkey(passkey) for passkey in await self._passkeys.of(user_id)],
            "linked_identities": list(await self._identities.of(user_id)),
            "known_networks": [_place(place) for place in await self._places.of(user_id)],
        }
        yield strict_json.dumps(head)[:-1] + ',"security_events":['
        async for piece in _joined(self._event_documents(user_id)):
            yield piece
        yield '],"ledger_entries":['
        async for piece in _joined(self._entry_documents(wallet)):
            yield piece
        yield '],"orders":['
        async for piece in _joined(self._order_documents(user_id)):
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

    async def _order_documents(self, user_id: UserId) -> AsyncIterator[dict[str, Any]]:
        async for item in self._reader.stored_orders(user_id):
            yield _order(item)

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
        "requested_by": asdict(entry.stamp.origin),
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
        "holds": [
            {"asset_id": hold.asset_id, "amount": format_units(hold.units, scale=wallet.holding(hold.asset_id).scale)}
            for hold in entry.holds
        ],
        "trade": _trade(entry.trade) if entry.trade else None,
    }


def _trade(trade: Trade) -> dict[str, str]:
    return {
        "asset_id": trade.asset_id,
        "quantity": format_units(trade.quantity, scale=trade.scale),
        "price": format_units(trade.price, scale=PRICE_SCALE),
        "total": format_cents(trade.total),
        "fee": format_cents(trade.fee),
    }


def _passkey(passkey: Passkey) -> dict[str, Any]:
    return {
        "passkey_id": passkey.passkey_id,
        "name": passkey.name,
        "created_at": to_rfc3339(passkey.created_at),
        "last_used_at": to_rfc3339(passkey.last_used_at) if passkey.last_used_at else None,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "pseudonym": place.pseudonym,
        "last_used_at": to_rfc3339(from_epoch_ms(place.last_used_ms)),
        "expires_at": to_rfc3339(from_epoch_ms(place.expires_at * 1000)),
    }


def _order(item: Item) -> dict[str, Any]:
    """Return an order with its stored fields by their names outside; one that is not known here keeps its own."""
    body: dict[str, Any] = dict(item.body)
    found: dict[str, Any] = {"order_id": item.key.sk}
    for name, value in body.items():
        known, render = _ORDER_FIELDS.get(name, (name, _as_it_is))
        found[known] = render(value, body)
    return found


def _as_it_is(value: Any, _order: Mapping[str, Any]) -> Any:
    return value


def _in_time(value: Any, _order: Mapping[str, Any]) -> Any:
    return [_in_time(each, _order) for each in value] if isinstance(value, list) else to_rfc3339(from_epoch_ms(value))


def _in_units(value: Any, order: Mapping[str, Any]) -> Any:
    return format_units(value, scale=order["scale"])


def _as_price(value: Any, _order: Mapping[str, Any]) -> Any:
    return format_units(value, scale=PRICE_SCALE)


def _in_dollars(value: Any, _order: Mapping[str, Any]) -> Any:
    return format_cents(value)


_ORDER_FIELDS: Final[Mapping[str, tuple[str, Callable[[Any, Mapping[str, Any]], Any]]]] = {
    "v": ("format", _as_it_is),
    "scale": ("scale", _as_it_is),
    "type": ("order_type", _as_it_is),
    "asset": ("asset_id", _as_it_is),
    "qty": ("quantity", _in_units),
    "at": ("created_and_updated_at", _in_time),
    "bps": ("fee_basis_points", _as_it_is),
    "limit": ("limit_price", _as_price),
    "tif": ("time_in_force", _as_it_is),
    "until": ("expires_at", _in_time),
    "client": ("client_order_id", _as_it_is),
    "price": ("executed_price", _as_price),
    "total": ("total_amount", _in_dollars),
    "fee": ("fee", _in_dollars),
    "done": ("completed_at", _in_time),
}

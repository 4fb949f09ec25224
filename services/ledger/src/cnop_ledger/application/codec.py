"""Wallets and entries as store bodies: short names, lists where the meaning is fixed, nothing that can be left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_core.money import Cents, PriceUnits, Units
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.domain.entries import Account, Amount, Balance, Entry, Kind, Origin, Posting, Seal, Stamp
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.pricing import Side, Trade
from cnop_ledger.domain.wallet import DayTotals, Holding, Wallet
from cnop_platform.store import Body, Item, Json

FORMAT: Final = 1
_T = TypeVar("_T")


class CorruptItem(InvariantViolated):
    """A stored wallet or entry is not one that this ledger wrote."""


def encode_wallet(wallet: Wallet, keys: ChainKeys) -> Body:
    """Return the body of the wallet's item, signed."""
    body: dict[str, Json] = {
        "v": FORMAT,
        "seq": wallet.seq,
        "head": wallet.head,
        "at": [wallet.created_ms, wallet.updated_ms],
        "day": [wallet.today.day, wallet.today.deposited, wallet.today.withdrawn],
        "open": wallet.open_orders,
        "n": {kind.value: count for kind, count in wallet.counts.items()},
        "has": {
            asset_id: [h.posted, h.held, h.scale, h.average_cost, h.created_ms, h.updated_ms]
            for asset_id, h in wallet.holdings.items()
        },
        "key": keys.signing_id,
    }
    return {**body, "mac": keys.sign(wallet.user_id, body)}


def decode_wallet(user_id: UserId, item: Item | None, keys: ChainKeys) -> Wallet:
    """Return the stored wallet, an empty one for None. Raises `CorruptItem` when no ledger wrote it."""
    if item is None:
        return Wallet(user_id)
    body = dict(item.body)
    mac = body.pop("mac", None)
    if not keys.verifies(user_id, body, key_id=body.get("key"), mac=mac):
        raise CorruptItem(f"the wallet of {user_id} does not carry a valid signature; run the ledger verification")
    return _read(lambda: _wallet(user_id, item.version, body), what=f"the wallet of {user_id}")


def encode_entry(entry: Entry, keys: ChainKeys, *, previous: str) -> tuple[Entry, Body]:
    """Chain `entry` to the MAC of its predecessor, and return it with its body."""
    content: dict[str, Json] = {
        "v": FORMAT,
        "seq": entry.seq,
        "kind": entry.kind.value,
        "at": entry.stamp.at_ms,
        "txn": entry.stamp.transaction_id,
        "by": [entry.stamp.origin.actor, entry.stamp.origin.source_address, entry.stamp.origin.request_id],
        "after": {asset_id: list(balance) for asset_id, balance in entry.after.items()},
        "prev": previous,
        "key": keys.signing_id,
    }
    if entry.postings:
        content["post"] = [list(posting) for posting in entry.postings]
    if entry.holds:
        content["hold"] = [list(change) for change in entry.holds]
    if entry.trade:
        content["trade"] = _trade_list(entry.trade, entry.realized_pnl)
    if entry.order_id:
        content["order"] = entry.order_id
    if entry.idempotency_ref:
        content["idem"] = entry.idempotency_ref
    mac = keys.sign(entry.user_id, content)
    return replace(entry, seal=Seal(previous, keys.signing_id, mac)), {**content, "mac": mac}


def decode_entry(user_id: UserId, body: Body) -> Entry:
    """Return the stored entry. Its MAC is not checked here; `verify` does. Raises `CorruptItem`."""
    return _read(lambda: _entry(user_id, body), what=f"an entry of {user_id}")


def entry_is_authentic(user_id: UserId, body: Body, keys: ChainKeys) -> bool:
    """Tell whether the entry's MAC was made for exactly this body."""
    content = {name: value for name, value in body.items() if name != "mac"}
    return keys.verifies(user_id, content, key_id=body.get("key"), mac=body.get("mac"))


def _read(build: Callable[[], _T], *, what: str) -> _T:
    try:
        return build()
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptItem(f"{what} cannot be read; run the ledger verification") from error


def _wallet(user_id: UserId, version: int, body: dict[str, Any]) -> Wallet:
    if body["v"] != FORMAT:
        raise ValueError("unknown format")
    return Wallet(
        user_id=user_id,
        holdings={AssetId(asset_id): Holding(*figures) for asset_id, figures in body["has"].items()},
        today=DayTotals(*body["day"]),
        open_orders=body["open"],
        counts={Kind(kind): count for kind, count in body["n"].items()},
        seq=body["seq"],
        head=body["head"],
        created_ms=body["at"][0],
        updated_ms=body["at"][1],
        version=version,
    )


def _entry(user_id: UserId, body: Any) -> Entry:
    if body["v"] != FORMAT:
        raise ValueError("unknown format")
    kind = Kind(body["kind"])
    trade, realized_pnl = _trade(kind, body["trade"]) if "trade" in body else (None, None)
    return Entry(
        user_id=user_id,
        seq=body["seq"],
        kind=kind,
        stamp=Stamp(TransactionId(body["txn"]), Origin(*body["by"]), body["at"]),
        postings=tuple(Posting(Account(account), AssetId(a), amount) for account, a, amount in body.get("post", ())),
        holds=tuple(Amount(AssetId(asset_id), units) for asset_id, units in body.get("hold", ())),
        after={AssetId(asset_id): Balance(*balance) for asset_id, balance in body["after"].items()},
        trade=trade,
        realized_pnl=realized_pnl,
        order_id=OrderId(body["order"]) if "order" in body else None,
        idempotency_ref=body.get("idem"),
        seal=Seal(body["prev"], body["key"], body["mac"]),
    )


def _trade_list(trade: Trade, realized_pnl: int | None) -> list[Json]:
    return [trade.asset_id, trade.scale, trade.quantity, trade.price, trade.total, trade.fee, realized_pnl]


def _trade(kind: Kind, parts: list[Any]) -> tuple[Trade, int | None]:
    asset_id, scale, quantity, price, total, fee, realized_pnl = parts
    side = Side.BUY if kind is Kind.BUY else Side.SELL
    trade = Trade(side, AssetId(asset_id), scale, Units(quantity), PriceUnits(price), Cents(total), Cents(fee))
    return trade, realized_pnl

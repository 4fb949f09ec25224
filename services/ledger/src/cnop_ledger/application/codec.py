"""Wallets and entries as store bodies: one signed JSON text, with short names and nothing that can be left out."""

from dataclasses import replace
from typing import Any, Final

from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_core.money import Cents, PriceUnits, Units
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.keys import entry_key, wallet_key
from cnop_ledger.application.signing import read_signed, signed_put
from cnop_ledger.domain.entries import Account, Amount, Balance, Entry, Kind, Origin, Posting, Seal, Stamp
from cnop_ledger.domain.pricing import Side, Trade
from cnop_ledger.domain.wallet import DayTotals, Holding, Wallet
from cnop_platform.store import Absent, Condition, Item, Put

FORMAT: Final = 1
_COUNTED: Final = (
    Kind.DEPOSIT,
    Kind.WITHDRAWAL,
    Kind.BUY,
    Kind.SELL,
    Kind.HOLD,
    Kind.RELEASE,
    Kind.AMEND,
    Kind.RECORD,
)
"""The order of the counters in a stored wallet; a new kind goes to the end."""


def put_wallet(wallet: Wallet, keys: ChainKeys, *, head: str, condition: Condition) -> Put:
    """Return the write that stores `wallet`, signed; `head` is the MAC of its last entry."""
    content = {
        "v": FORMAT,
        "seq": wallet.seq,
        "head": head,
        "at": [wallet.created_ms, wallet.updated_ms],
        "day": [wallet.today.day, wallet.today.deposited, wallet.today.withdrawn],
        "open": wallet.open_orders,
        "n": [wallet.counts.get(kind, 0) for kind in _COUNTED],
        "has": {asset_id: _holding_list(wallet, holding) for asset_id, holding in wallet.holdings.items()},
    }
    put, _ = signed_put(wallet_key(wallet.user_id), content, keys, condition)
    return put


def read_wallet(user_id: UserId, item: Item | None, keys: ChainKeys) -> Wallet:
    """Return the stored wallet, an empty one for None. Raises `CorruptItem` when no ledger wrote it."""
    if item is None:
        return Wallet(user_id)
    what = f"the wallet of {user_id}"
    return read_signed(item, keys, lambda content: _wallet(user_id, item.version, _known(content)), what=what)


def put_entry(entry: Entry, keys: ChainKeys, *, previous: str, ref: str | None) -> tuple[Entry, Put]:
    """Chain `entry` to the MAC of its predecessor; return it sealed, and the write that stores it."""
    stamp = entry.stamp
    content: dict[str, object] = {
        "v": FORMAT,
        "seq": entry.seq,
        "kind": entry.kind.value,
        "at": stamp.at_ms,
        "txn": stamp.transaction_id,
        "by": [stamp.origin.actor, stamp.origin.source, stamp.origin.request_id],
        "prev": previous,
    }
    optional = {
        "post": entry.postings,
        "hold": entry.holds,
        "after": entry.after,
        "trade": _trade_list(entry.trade, entry.realized_pnl) if entry.trade else None,
        "order": entry.order_id,
        "idem": ref,
    }
    content.update((name, value) for name, value in optional.items() if value)
    put, mac = signed_put(entry_key(entry.user_id, entry.seq), content, keys, Absent())
    return replace(entry, idempotency_ref=ref, seal=Seal(previous, keys.signing_id, mac)), put


def read_entry(user_id: UserId, item: Item, keys: ChainKeys) -> Entry:
    """Return the stored entry. Raises `CorruptItem` when no ledger wrote it there."""
    seal = (item.body.get("key"), item.body.get("mac"))
    what = f"{item.key.sk} of {user_id}"
    return read_signed(item, keys, lambda content: _entry(user_id, _known(content), *seal), what=what)


def stored_mac(item: Item) -> object:
    """Return the MAC that a stored wallet or entry carries, unchecked."""
    return item.body.get("mac")


def _known(content: Any) -> Any:
    if content["v"] != FORMAT:
        raise ValueError("unknown format")
    return content


def _holding_list(wallet: Wallet, holding: Holding) -> list[int]:
    """List the figures of a holding; its times are distances from the wallet's, which have fewer digits."""
    since_first, until_last = holding.created_ms - wallet.created_ms, wallet.updated_ms - holding.updated_ms
    return [holding.posted, holding.held, holding.scale, holding.average_cost, since_first, until_last]


def _holding(figures: list[Any], created_ms: int, updated_ms: int) -> Holding:
    posted, held, scale, average_cost, since_first, until_last = figures
    return Holding(posted, held, scale, PriceUnits(average_cost), created_ms + since_first, updated_ms - until_last)


def _wallet(user_id: UserId, version: int, content: Any) -> Wallet:
    created_ms, updated_ms = content["at"]
    return Wallet(
        user_id=user_id,
        holdings={AssetId(name): _holding(figures, created_ms, updated_ms) for name, figures in content["has"].items()},
        today=DayTotals(*content["day"]),
        open_orders=content["open"],
        counts={kind: count for kind, count in zip(_COUNTED, content["n"], strict=False) if count},
        seq=content["seq"],
        head=content["head"],
        created_ms=created_ms,
        updated_ms=updated_ms,
        version=version,
    )


def _entry(user_id: UserId, content: Any, key_id: Any, mac: Any) -> Entry:
    kind = Kind(content["kind"])
    trade, realized_pnl = _trade(kind, content["trade"]) if "trade" in content else (None, None)
    return Entry(
        user_id=user_id,
        seq=content["seq"],
        kind=kind,
        stamp=Stamp(TransactionId(content["txn"]), Origin(*content["by"]), content["at"]),
        postings=tuple(Posting(Account(account), AssetId(a), amount) for account, a, amount in content.get("post", ())),
        holds=tuple(Amount(AssetId(asset_id), units) for asset_id, units in content.get("hold", ())),
        after={AssetId(asset_id): Balance(*balance) for asset_id, balance in content.get("after", {}).items()},
        trade=trade,
        realized_pnl=realized_pnl,
        order_id=OrderId(content["order"]) if "order" in content else None,
        idempotency_ref=content.get("idem"),
        seal=Seal(content["prev"], key_id, mac),
    )


def _trade_list(trade: Trade, realized_pnl: int | None) -> list[object]:
    return [trade.asset_id, trade.scale, trade.quantity, trade.price, trade.total, trade.fee, realized_pnl]


def _trade(kind: Kind, parts: list[Any]) -> tuple[Trade, int | None]:
    asset_id, scale, quantity, price, total, fee, realized_pnl = parts
    side = Side.BUY if kind is Kind.BUY else Side.SELL
    trade = Trade(side, AssetId(asset_id), scale, Units(quantity), PriceUnits(price), Cents(total), Cents(fee))
    return trade, realized_pnl

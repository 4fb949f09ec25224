"""The export of an account, in one service, knows every field of an order that another service stores."""

from cnop_core.ids import AssetId, OrderId
from cnop_core.money import Cents, PriceUnits, Units
from cnop_orders.application.codec import encode_order
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType, TimeInForce
from cnop_platform.store import Item, Key
from cnop_users.application import export

AT = 1_769_860_800_000


def test_every_stored_field_of_an_order_is_exported_by_its_name_outside() -> None:
    order = Order(
        order_id=OrderId("ord_1"),
        order_type=OrderType.LIMIT_BUY,
        asset_id=AssetId("BTC"),
        scale=8,
        quantity=Units(150_000_000),
        created_ms=AT,
        updated_ms=AT,
        fee_basis_points=10,
        limit_price=PriceUnits(60_000_00000000),
        time_in_force=TimeInForce.GTD,
        expires_ms=AT,
        client_order_id="mine",
        status=Status.COMPLETED,
        executed_price=PriceUnits(59_000_50000000),
        total=Cents(8_850_075),
        fee=Cents(8_851),
        completed_ms=AT,
    )
    body = encode_order(order)
    assert set(body) | {"status"} == set(export._ORDER_FIELDS) | {"status"}
    shown = export._order(Item(Key("ORDERS#usr_1", "ord_1"), 1, body))
    assert (shown["quantity"], shown["limit_price"]) == ("1.50000000", "60000.00000000")
    assert (shown["executed_price"], shown["total_amount"], shown["fee"]) == ("59000.50000000", "88500.75", "88.51")
    assert (shown["status"], shown["expires_at"]) == ("completed", "2026-01-31T12:00:00.000Z")

"""The promise of the architecture: an order is at most 4 items, a market order at most 8 write units."""

from decimal import Decimal

from benchmarks.capacity import READ_DOLLARS, WRITE_DOLLARS, Cost, as_table, measure_all


async def test_an_order_writes_at_most_4_items_and_a_market_order_costs_at_most_8_write_units() -> None:
    costs = {cost.command: cost for cost in await measure_all()}
    for command in ("market buy", "market sell", "limit buy that fills at once"):
        assert (costs[command].items, costs[command].writes, costs[command].reads) == (4, 8, 2), command
    assert costs["market buy without a key"].items == 3
    # The place in the index costs as much as the item; it is the price of an engine that reads only what crosses.
    assert (costs["limit buy that rests"].items, costs["limit buy that rests"].writes) == (4, 10)
    # The note of when it ends makes a fifth: the one order that is more than four items.
    assert [command for command, cost in costs.items() if cost.items > 4] == ["limit buy that rests until a date"]


def test_units_are_turned_into_dollars() -> None:
    cost = Cost("market buy", items=4, writes=8, reads=2)
    assert cost.dollars(write_dollars=Decimal("0.5"), read_dollars=Decimal("0.1")) == Decimal("4.2")
    table = as_table([cost], write_dollars=WRITE_DOLLARS, read_dollars=READ_DOLLARS)
    assert table.splitlines()[1].split() == ["market", "buy", "4", "8", "2", "5.25"]

import pytest

from cnop_cli.proof import campaign
from cnop_cli.proof.campaign import conduct_all, setups, stores_here
from cnop_cli.proof.figures import Figures, Setup, total
from cnop_cli.proof.reckoning import Reckoning
from cnop_platform.testing.dynamodb_local import DynamoDbLocalMissing


def seconds_of(minutes, stores):
    """Conduct a campaign with a clock that an experiment moves as far as it says, and more for all around it."""
    spent = [0.0]

    def conduct(setup):
        spent[0] += setup.calm_seconds + setup.harm_seconds + 30
        return Figures(setup)

    done = conduct_all(
        setups(stores, seconds=minutes * 60, seed=7), conduct=conduct, minutes=minutes, clock=lambda: spent[0]
    )
    return spent[0], [(figures.setup.store, figures.setup.seed) for figures in done]


def test_two_minutes_are_one_experiment_on_each_store():
    seconds, done = seconds_of(2, ["sqlite", "dynamodb"])
    assert done == [("sqlite", 7), ("dynamodb", 8)]
    assert seconds <= 120


@pytest.mark.parametrize("minutes", [5, 20])
def test_more_minutes_are_more_experiments_and_not_longer_ones(minutes):
    seconds, done = seconds_of(minutes, ["sqlite", "dynamodb"])
    assert len(done) > 2
    assert minutes * 60 - 100 < seconds <= minutes * 60
    assert [seed for _, seed in done] == list(range(7, 7 + len(done)))


def test_without_time_there_is_one_short_experiment():
    seconds, done = seconds_of(0, ["sqlite"])
    assert done == [("sqlite", 7)]
    assert seconds <= 60


def test_where_dynamodb_local_cannot_run_one_line_says_so(monkeypatch):
    def missing():
        raise DynamoDbLocalMissing("there is no Java")

    monkeypatch.setattr(campaign, "find_java", missing)
    said = []
    assert stores_here(report=said.append) == ["sqlite"]
    assert said == ["on SQLite alone: there is no Java"]


def test_figures_are_added_up():
    figures = [
        Figures(Setup("sqlite", seed, 1, 1), operations=1000, reckoning=Reckoning(900, 900, ["txn"], []))
        for seed in (3, 4)
    ]
    figures[0].faults.update({"kill gateway": 2, "pause valkey": 1, "cut store": 4})
    assert total(figures) == (
        "2,000 operations, 2 kills, 1 pauses, 4 cuts, 1,800 acknowledged, 2 lost, 0 doubled "
        "in 2 experiments (seeds 3, 4)"
    )
    assert "lost 1, doubled 0" in "\n".join(figures[0].lines())

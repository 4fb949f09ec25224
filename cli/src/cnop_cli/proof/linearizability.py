"""Looks for an order of the calls on one object that explains all answers and respects who had ended before whom.

The method is just-in-time linearization (Lowe, "Testing for linearizability", 2017): follow the calls through time with
the set of all states that the object may be in. A call takes its effect at some moment between its beginning and its
end; it is decided only when it ends which calls have. A call with an unknown outcome never ends, so it may take its
effect at any later time, or never. If no state is left, no order explains the history.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from cnop_cli.proof.history import Call

S = TypeVar("S")
Outcomes = Callable[[S, Call], Sequence[S]]
MOST_CONFIGURATIONS: Final = 50_000


class _Configuration(NamedTuple, Generic[S]):
    """A state that the object may be in, and which of the calls that have not ended took effect to lead there."""

    state: S
    taken: frozenset[int]


@dataclass(frozen=True, slots=True)
class Violation(Generic[S]):
    """A call whose answer no order of the calls before and beside it explains."""

    call: Call
    beside: tuple[Call, ...]
    states: tuple[S, ...]
    """The states that the object may have been in before."""

    def __str__(self) -> str:
        beside = "".join(f"\n  beside {call}" for call in self.beside)
        states = "".join(f"\n  from {state}" for state in self.states[:3])
        return f"no order of the calls explains {self.call}{beside}{states}"


class TooAmbiguous(Exception):
    """So many calls with unknown outcomes overlap that the search would not end."""


def explain(calls: Iterable[Call], *, initial: S, outcomes: Outcomes[S]) -> Violation[S] | None:
    """Find the first call that cannot be explained; None when the history has an order.

    Raises:
        TooAmbiguous: it cannot be decided.
    """
    search = _Search(initial, outcomes)
    for _, _, call, ends in sorted(_events(calls), key=lambda event: event[:2]):
        if not ends:
            search.pending[call.number] = call
        elif not search.end(call):
            return search.violation(call)
    return None


def _events(calls: Iterable[Call]) -> Iterable[tuple[float, bool, Call, bool]]:
    """Give beginnings and ends; at the same instant beginnings come first, which assumes less about the order."""
    for call in calls:
        yield call.began, False, call, False
        if call.ended is not None and call.answer is not None:
            yield call.ended, True, call, True


class _Search(Generic[S]):
    def __init__(self, initial: S, outcomes: Outcomes[S]) -> None:
        self.pending: dict[int, Call] = {}
        self._outcomes = outcomes
        self._configurations = {_Configuration(initial, frozenset())}
        self._before = self._configurations

    def end(self, call: Call) -> bool:
        """Keep the configurations in which the call that ends has taken its effect; tell whether there is any."""
        self._before = self._configurations
        found: set[_Configuration[S]] = set()
        seen: set[_Configuration[S]] = set()
        stack = list(self._configurations)
        while stack:
            configuration = self._with_observers(stack.pop())
            if configuration in seen:
                continue
            seen.add(configuration)
            if len(seen) > MOST_CONFIGURATIONS:
                raise TooAmbiguous(f"more than {MOST_CONFIGURATIONS} possibilities at {call}")
            if call.number in configuration.taken:
                found.add(configuration._replace(taken=configuration.taken - {call.number}))
            else:
                stack += self._next(configuration)
        del self.pending[call.number]
        self._configurations = found
        return bool(found)

    def violation(self, call: Call) -> Violation[S]:
        return Violation(call, tuple(self.pending.values()), tuple(one.state for one in self._before))

    def _next(self, configuration: _Configuration[S]) -> Iterable[_Configuration[S]]:
        """Let each of the pending calls take its effect next."""
        for number, call in self.pending.items():
            if number not in configuration.taken:
                for state in self._outcomes(configuration.state, call):
                    # A call that need not have happened is only of interest if it changes something.
                    if state != configuration.state or call.answer is not None:
                        yield _Configuration(state, configuration.taken | {number})

    def _with_observers(self, configuration: _Configuration[S]) -> _Configuration[S]:
        """Take in all calls that fit and change nothing: doing so now rules no order out and keeps the search small."""
        fits = {
            number
            for number, call in self.pending.items()
            if number not in configuration.taken
            and call.answer is not None
            and configuration.state in self._outcomes(configuration.state, call)
        }
        return configuration._replace(taken=configuration.taken | fits) if fits else configuration

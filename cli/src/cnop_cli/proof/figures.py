"""What an experiment came to, and how it is printed."""

from collections import Counter
from dataclasses import dataclass, field

from cnop_cli.proof.reckoning import Reckoning


@dataclass(frozen=True, slots=True)
class Setup:
    """One experiment. `store` is `sqlite` or `dynamodb`; a client rests for `pause_seconds` between requests."""

    store: str
    seed: int
    calm_seconds: float
    harm_seconds: float
    customers: int = 6
    clients: int = 3
    pause_seconds: float = 0.03

    def __str__(self) -> str:
        return (
            f"{self.store}: {self.customers} wallets, {self.clients} clients each, two processes of each service; "
            f"{self.calm_seconds:.0f} s calm, {self.harm_seconds:.0f} s of harm, seed {self.seed}"
        )


@dataclass(slots=True)
class Figures:
    """The figures. `complaints` is empty when everything held."""

    setup: Setup
    operations: int = 0
    unknown: int = 0
    calm: Counter[str] = field(default_factory=Counter)
    """Answers by status, and errors by name, while nothing was done to the stack."""
    calm_reasons: list[str] = field(default_factory=list)
    """Why services said in that time that something is away."""
    statuses: Counter[str] = field(default_factory=Counter)
    """The same, of the whole experiment."""
    faults: Counter[str] = field(default_factory=Counter)
    recovery_seconds: float = 0.0
    engine_acts: int = 0
    explained: int = 0
    reckoning: Reckoning = field(default_factory=Reckoning)
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Render them for people."""
        kinds = {kind: self.count(kind) for kind in ("kill", "pause", "cut")}
        sums = ", ".join(f"{count} {kind}s" for kind, count in kinds.items())
        each = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        statuses = ", ".join(f"{name}: {count}" for name, count in sorted(self.statuses.items()))
        told, applied = self.reckoning.acknowledged, self.reckoning.applied
        lost, doubled = self.reckoning.lost, self.reckoning.doubled
        return [
            str(self.setup),
            f"  operations {self.operations:,}, unknown {self.unknown:,}, done by the engine {self.engine_acts:,}",
            f"  answers: {statuses}",
            f"  faults: {sums} ({each}); healthy {self.recovery_seconds:.1f} s after the last",
            f"  acknowledged {told:,}, applied {applied:,}, lost {len(lost)}, doubled {len(doubled)}",
            f"  histories that an order explains: {self.explained} of {self.setup.customers}",
        ]

    def count(self, kind: str) -> int:
        """Count the faults of a kind: `kill`, `pause` or `cut`."""
        return sum(count for name, count in self.faults.items() if name.startswith(f"{kind} "))


def total(all_figures: list[Figures]) -> str:
    """Sum up several experiments in one line."""
    operations = sum(figures.operations for figures in all_figures)
    acknowledged = sum(figures.reckoning.acknowledged for figures in all_figures)
    lost = sum(len(figures.reckoning.lost) for figures in all_figures)
    doubled = sum(len(figures.reckoning.doubled) for figures in all_figures)
    kinds = (f"{sum(figures.count(kind) for figures in all_figures)} {kind}s" for kind in ("kill", "pause", "cut"))
    seeds = ", ".join(str(figures.setup.seed) for figures in all_figures)
    return (
        f"{operations:,} operations, {', '.join(kinds)}, {acknowledged:,} acknowledged, {lost} lost, {doubled} doubled "
        f"in {len(all_figures)} experiments (seeds {seeds})"
    )

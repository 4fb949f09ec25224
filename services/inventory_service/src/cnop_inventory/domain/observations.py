"""What a provider reports of an asset."""

from dataclasses import dataclass, field

from cnop_inventory.domain.figures import Figures
from cnop_platform.prices import Quote


@dataclass(frozen=True, slots=True)
class Observation:
    """A quote, and the figures that the provider itself states; they go before those that candles tell."""

    quote: Quote
    figures: Figures = field(default_factory=dict)

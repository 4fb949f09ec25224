"""The rules of moving cash in and out. Amounts are in cents."""

from dataclasses import dataclass, field

from cnop_core.errors import FieldError
from cnop_core.money import USD_SCALE, Cents, InvalidAmount, format_cents, parse_units
from cnop_ledger import DailyCaps


@dataclass(frozen=True, slots=True)
class CashTerms:
    """What may be moved at once and a day, and from where on a withdrawal needs a fresh proof of identity."""

    most_at_once: int = 100_000_000
    caps: DailyCaps = field(default_factory=DailyCaps)
    step_up_above: int = 100_000


def parse_amount(text: str, terms: CashTerms) -> Cents:
    """Return the cents of a plain decimal text. Raises `InvalidAmount`, naming the field."""
    try:
        cents = parse_units(text, scale=USD_SCALE)
    except InvalidAmount as error:
        raise _invalid(error.message) from None
    if not 0 < cents <= terms.most_at_once:
        raise _invalid(f"expected more than 0 and at most {format_cents(terms.most_at_once)}")
    return Cents(cents)


def _invalid(expectation: str) -> InvalidAmount:
    return InvalidAmount("the amount is not valid; see errors", errors=(FieldError("amount", expectation),))

"""Why the ledger refuses."""

from cnop_core.errors import CnopError, InvalidInput


class InsufficientFunds(InvalidInput):
    """The cash that is not held does not cover what the command needs."""

    code = "INSUFFICIENT_FUNDS"


class InsufficientAsset(InvalidInput):
    """The quantity that is not held does not cover what the command needs."""

    code = "INSUFFICIENT_ASSET"


class DailyLimit(InvalidInput):
    """The day's deposits or withdrawals would exceed their cap."""

    code = "DAILY_LIMIT"


class TotalTooSmall(InvalidInput):
    """The trade is worth less than a cent."""


class InvariantViolated(CnopError):
    """Stored data, or the code, broke a rule that must always hold; nothing was written."""

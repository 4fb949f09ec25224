"""Why an order is refused. Lack of funds or of the asset is the ledger's refusal."""

from typing import ClassVar

from cnop_core.errors import Conflict, FieldError, InvalidInput, NotFound


class InvalidOrder(InvalidInput):
    """Fields of the order are missing, out of range or do not go together; `errors` names them."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("the order is not valid; see errors", errors=errors)


class AssetUnavailable(InvalidInput):
    """The asset does not exist or is not traded now."""

    code: ClassVar[str] = "ASSET_UNAVAILABLE"


class OrderValueLimit(InvalidInput):
    """The order is worth more than one order may be."""

    code: ClassVar[str] = "ORDER_VALUE_LIMIT"


class OrderLimit(InvalidInput):
    """The user has as many open orders as one may have."""

    code: ClassVar[str] = "ORDER_LIMIT"


class PriceMoved(Conflict):
    """The price is worse than the reference price by more than the slippage bound."""

    code: ClassVar[str] = "PRICE_MOVED"


class OrderClosed(Conflict):
    """The order is completed, cancelled or expired; nothing can change it any more."""

    code: ClassVar[str] = "ORDER_CLOSED"


class UnknownOrder(NotFound):
    """There is no such order, or it is someone else's."""

    def __init__(self) -> None:
        super().__init__("there is no such order")

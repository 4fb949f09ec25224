"""Settings of the inventory service and of the price feed."""

from typing import Annotated

from pydantic import Field

from cnop_platform.settings import ServiceSettings


class InventorySettings(ServiceSettings):
    """Settings of the HTTP service."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8001

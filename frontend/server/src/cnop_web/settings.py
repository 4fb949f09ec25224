"""What the page process needs to know."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnop_platform.mutual_tls import TransportSettings
from cnop_platform.settings import Environment


class WebSettings(BaseSettings, TransportSettings):
    """`CNOP_*` variables. Without `page_dir` there is no page; without the gateway's secret its ids are not used."""

    model_config = SettingsConfigDict(env_prefix="CNOP_", extra="ignore", frozen=True)

    environment: Environment
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 3001
    upstreams: Mapping[str, HttpUrl]
    page_dir: Path | None = None
    gateway_secret: SecretStr = SecretStr("")
    log_level: str = "INFO"

    def __init__(self, **values: Any) -> None:
        super().__init__(_secrets_dir=os.environ.get("CNOP_SECRETS_DIR"), **values)

    @property
    def service_urls(self) -> dict[str, str]:
        """The base URL of each service, without a trailing slash."""
        return {name: str(url).rstrip("/") for name, url in self.upstreams.items()}

    @property
    def holders(self) -> dict[str, str]:
        """Whose certificate must be shown at each base URL, with mutual TLS."""
        return {url: name.replace("_", "-") for name, url in self.service_urls.items()}

"""Serves the page: `python -m cnop_web`."""

from importlib.metadata import version

from cnop_platform.log import configure_logging
from cnop_platform.peer_client import peer_client
from cnop_platform.process import read_settings
from cnop_platform.serve import serve
from cnop_platform.system import SystemClock, monotonic
from cnop_platform.tracing import start_tracing
from cnop_web.app import Web, create_app
from cnop_web.page import load_page
from cnop_web.services import Services, http_fetch
from cnop_web.settings import WebSettings


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(WebSettings)
    configure_logging(service="web", level=settings.log_level)
    start_tracing(service="web")
    own = version("cnop-web")
    tls = settings.mutual_tls()
    client = peer_client(tls, names=settings.holders, trust_env=False, headers={"Accept": "application/json"})
    services = Services(settings.service_urls, fetch=http_fetch(client), monotonic=monotonic, version=own)
    web = Web(
        page=load_page(settings.page_dir),
        services=services,
        clock=SystemClock(),
        environment=settings.environment.value,
        version=own,
    )
    app = create_app(web, gateway_secret=settings.gateway_secret.get_secret_value())
    serve(app, host=settings.host, port=settings.port, tls=tls, ops_port=settings.ops_port)


if __name__ == "__main__":
    main()

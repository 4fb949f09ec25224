"""How fast the page is: paints, blocking, shifts and bytes of a first visit, as Chromium itself reports them.

Run it with `./cnop bench page`. Each page is loaded with an empty cache, the middle of several loads is told: once with
the machine as it is, and once as a mid-range phone on a slow mobile network (the throttling that Lighthouse uses:
processor a quarter as fast, 150 ms round trips, 1.6 Mbit/s down).
"""

import argparse
import json
import secrets
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, CDPSession, ViewportSize

from cnop_cli import chromium
from cnop_cli.commands.options import note
from cnop_cli.errors import CommandError
from cnop_cli.gallery.camera import log_in, open_browser
from cnop_cli.gallery.cast import Login
from cnop_cli.platform_client import PlatformClient
from cnop_cli.trial import trial

# Path, whether somebody is logged in, and a text by which the page is complete.
PAGES: Final = (
    ("/markets", False, "Bitcoin"),
    ("/markets/BTC", False, "Log in to trade"),
    ("/login", False, "Forgot it?"),
    ("/dashboard", True, "Unrealized gain"),
)
_SLOW: Final = {"offline": False, "latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}
_PHONE: Final = ViewportSize(width=360, height=780)
_DESK: Final = ViewportSize(width=1440, height=900)
_PATIENCE_MS: Final = 60_000
_LONG_MS: Final = 50
_OBSERVE: Final = """() => new Promise(done => {
  const seen = {};
  const types = ['paint', 'largest-contentful-paint', 'longtask', 'layout-shift'];
  for (const type of types) {
    seen[type] = [];
    new PerformanceObserver(list => seen[type].push(...list.getEntries().map(entry => ({
      name: entry.name, start: entry.startTime, duration: entry.duration, value: entry.value ?? 0,
    })))).observe({ type, buffered: true });
  }
  setTimeout(() => done(seen), 500);
})"""


@dataclass(frozen=True, slots=True)
class Load:
    """One load of a page. Times are milliseconds since the navigation began; `script_kb` is as it was transferred."""

    first_paint_ms: float
    largest_paint_ms: float
    blocking_ms: float
    layout_shift: float
    script_kb: float
    all_kb: float
    requests: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./cnop bench page", description=__doc__)
    parser.add_argument("--loads", type=int, default=3, help="of each page (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    args = parser.parse_args()
    program = chromium.require(report=note)
    if program is None:
        raise CommandError("this measurement needs Chromium")
    with trial() as stack, open_browser(program) as browser:
        settings = stack.known.settings
        figures = measure(browser, settings["page_url"], newcomer(settings["gateway_url"]), loads=args.loads)
    print(json.dumps({name: asdict(load) for name, load in figures.items()}) if args.json else as_table(figures))


def newcomer(gateway_url: str) -> Login:
    """Register somebody with some cash."""
    client = PlatformClient.connect(gateway_url)
    login = Login(f"page_{secrets.token_hex(4)}", secrets.token_urlsafe(15))
    account = {"username": login.username, "password": login.password}
    client.post("/auth/register", {**account, "email": f"{login.username}@example.com"})
    client.token = client.post("/auth/login", account)["access_token"]
    client.post("/balance/deposit", {"amount": "1000.00"})
    return login


def measure(browser: Browser, page_url: str, login: Login, *, loads: int) -> dict[str, Load]:
    """Return the middle load of each page, on a desk and on a slow phone."""
    figures: dict[str, Load] = {}
    for name, window, slow in (("desk", _DESK, False), ("slow phone", _PHONE, True)):
        for path, own, text in PAGES:
            seen = []
            for _ in range(loads):
                context = browser.new_context(viewport=window, base_url=page_url)
                if own:
                    log_in(context, login)
                seen.append(load(context, path, text, slow=slow))
                context.close()
            figures[f"{path}, {name}"] = middle(seen)
    return figures


def load(context: BrowserContext, path: str, text: str, *, slow: bool) -> Load:
    """Load a page with an empty cache until it is complete."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    transfers = Transfers(session)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    if slow:
        session.send("Network.emulateNetworkConditions", _SLOW)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(path, timeout=_PATIENCE_MS)
    page.get_by_text(text).locator("visible=true").first.wait_for(timeout=_PATIENCE_MS)
    seen: dict[str, list[dict[str, Any]]] = page.evaluate(_OBSERVE)
    first = min((entry["start"] for entry in seen["paint"] if entry["name"] == "first-contentful-paint"), default=0.0)
    return Load(
        first_paint_ms=first,
        largest_paint_ms=max((entry["start"] for entry in seen["largest-contentful-paint"]), default=first),
        blocking_ms=sum(entry["duration"] - _LONG_MS for entry in seen["longtask"] if entry["start"] >= first),
        layout_shift=sum(entry["value"] for entry in seen["layout-shift"]),
        script_kb=transfers.of("Script") / 1000,
        all_kb=transfers.of() / 1000,
        requests=transfers.count,
    )


class Transfers:
    """Counts what goes over the network, as it is transferred: compressed, with its headers."""

    def __init__(self, session: CDPSession) -> None:
        self._kinds: dict[str, str] = {}
        self._bytes: dict[str, float] = {}
        session.on("Network.responseReceived", self._begin)
        session.on("Network.loadingFinished", self._end)
        session.send("Network.enable")

    def of(self, kind: str | None = None) -> float:
        """Return the bytes of a kind of resource, or of all."""
        return sum(size for request, size in self._bytes.items() if kind in {None, self._kinds.get(request)})

    @property
    def count(self) -> float:
        """How many requests were answered."""
        return float(len(self._kinds))

    def _begin(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def _end(self, event: dict[str, Any]) -> None:
        self._bytes[event["requestId"]] = event["encodedDataLength"]


def middle(loads: list[Load]) -> Load:
    """Return the median of each figure."""
    return Load(**{field.name: median(getattr(load, field.name) for load in loads) for field in fields(Load)})


def as_table(figures: dict[str, Load]) -> str:
    """Render one line a page."""
    head = f"{'page':26}  {'first paint':>11}  {'largest':>9}  {'blocking':>9}  {'shift':>6}  {'script':>9}  {'all':>9}"
    lines = [
        f"{name:26}  {seen.first_paint_ms:8.0f} ms  {seen.largest_paint_ms:6.0f} ms  {seen.blocking_ms:6.0f} ms"
        f"  {seen.layout_shift:6.3f}  {seen.script_kb:6.1f} KB  {seen.all_kb:6.1f} KB"
        for name, seen in figures.items()
    ]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    main()

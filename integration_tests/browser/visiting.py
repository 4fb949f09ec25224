"""A person at a browser window: what they do there, and everything that the browser complained about meanwhile."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from platform_client import PAGE, Person
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect
from sensitive import remember
from staff import altered

# A bound, not a pace: whatever is there sooner is gone on with. A machine that is busy with other work needs it.
PATIENCE_MS = 45_000
expect.set_options(timeout=PATIENCE_MS)
_OWN = ("data:", "blob:", f"{PAGE}/")
_REFUSED = re.compile(r"the server responded with a status of (\d+)")
_AUTHORIZATION = "authorization"


@dataclass
class Visit:
    """A browser profile of its own, with one tab or several.

    An error on the console, a policy violation or a request to anybody else is noted as a complaint; a refusal by the
    server is one, too, unless the journey expects it.
    """

    browser: Browser
    width: int
    height: int
    locale: str = "en-US"
    complaints: list[str] = field(default_factory=list)
    expected: list[tuple[int, str]] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = self.browser.new_context(
            viewport={"width": self.width, "height": self.height},
            base_url=PAGE,
            locale=self.locale,
            timezone_id="UTC",
            # Chromium asks the system whom to trust, which need not know a local stack's authority.
            ignore_https_errors=PAGE.startswith("https:"),
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.tab()

    def tab(self) -> Page:
        """Open another tab."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._note)
        page.on("request", self._note_stranger)
        return page

    def expects(self, status: int, path: str) -> None:
        """Say that the server will refuse requests to paths that contain this; 0 stands for no answer at all."""
        self.expected.append((status, path))

    def trusts(self, site: str) -> None:
        """Say that the journey leads to another site, whose pages are not judged and get nothing from anywhere else."""
        self.trusted.append(f"{site}/")
        self.context.route(lambda url: url.startswith("https://"), self._starve)

    def _starve(self, route: Route, request: Request) -> None:
        if self._is_trusted(request.frame.url):
            route.fulfill(status=200, body="")
        else:
            route.fallback()

    def _is_trusted(self, url: str) -> bool:
        return url.startswith(tuple(self.trusted))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        refused = _REFUSED.search(message.text)
        no_answer = "Failed to load resource: net::" in message.text
        status = int(refused[1]) if refused else 0
        address = message.location["url"]
        if self._is_trusted(address):
            return
        known = any(status == each and path in address for each, path in self.expected)
        if not ((refused or no_answer) and known):
            self.complaints.append(f"{message.text} ({address})")

    def _note_stranger(self, request: Request) -> None:
        if not (self._is_trusted(request.frame.url) or request.url.startswith((*_OWN, *self.trusted))):
            self.complaints.append(f"asked somebody else: {request.url}")

    @property
    def is_narrow(self) -> bool:
        """Whether this is a phone."""
        return self.width < 640

    def button(self, name: str) -> Locator:
        """Find a button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def account_menu(self) -> Locator:
        """The menu of whoever is logged in."""
        return self.page.get_by_role("button", name=re.compile("^Account"))

    def region(self, name: str) -> Locator:
        """Find a card by its title."""
        return self.page.get_by_role("region", name=name, exact=True)

    def dialog(self, name: str) -> Locator:
        """Find an open dialog by its title."""
        return self.page.get_by_role("dialog", name=name, exact=True)

    def told(self, text: str | re.Pattern[str]) -> None:
        """Expect that the page says something."""
        expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()

    def log_in(self, person: Person, *, at: str = "/dashboard") -> None:
        """Log in by the form, and arrive at a page."""
        self.page.goto(f"/login?next={at}")
        self.fill_login(person)
        expect(self.account_menu).to_be_visible()

    def fill_login(self, person: Person) -> None:
        """Fill in name and password and send them."""
        form = self.page.get_by_role("form", name="Log in")
        form.get_by_label("Username or email").fill(person.username)
        form.get_by_label("Password", exact=True).fill(person.password)
        form.get_by_role("button", name="Log in", exact=True).click()

    def go(self, name: str) -> None:
        """Follow a link of the navigation, as that keeps the page and its connections."""
        link = self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True)
        link.locator("visible=true").first.click()

    def with_token(self, method: str, path: str, **claims: Any) -> list[str]:
        """Let the next such request carry a token with other claims; return a list that tells what was replaced."""
        replaced: list[str] = []

        def replace(route: Route, request: Request) -> None:
            token = request.headers.get(_AUTHORIZATION, "").removeprefix("Bearer ")
            if request.method != method or replaced or not token:
                route.fallback()
                return
            replaced.append(token)
            other = altered(token, **claims)
            remember("token", token, other)
            route.continue_(headers={**request.headers, _AUTHORIZATION: f"Bearer {other}"})

        self.page.route(lambda url: urlsplit(url).path.endswith(path), replace)
        return replaced

    def prove_by_password(self, person: Person) -> None:
        """Answer the question whether it is really them."""
        dialog = self.dialog("Confirm that it is you")
        dialog.get_by_label("Password", exact=True).fill(person.password)
        dialog.get_by_role("button", name="Confirm", exact=True).click()
        expect(dialog).to_be_hidden()

    def calls(self, method: str, path: str) -> list[Request]:
        """Return a list that grows with every such request from now on."""
        seen: list[Request] = []

        def note(request: Request) -> None:
            if request.method == method and urlsplit(request.url).path.endswith(path):
                seen.append(request)

        self.page.on("request", note)
        return seen


def body_of(request: Request) -> dict[str, Any]:
    """Return what a request carried."""
    return dict(json.loads(request.post_data or "{}"))

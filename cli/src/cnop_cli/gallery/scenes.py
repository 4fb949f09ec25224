"""What there is to photograph: each scene is a page as one of the cast sees it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from playwright.sync_api import Page

PATIENCE_MS: Final = 15_000

Act = Callable[[Page], None]


class Seen(Enum):
    """By whom a page is seen."""

    STRANGER = "stranger"
    CUSTOMER = "customer"
    NEWCOMER = "newcomer"
    GUARDED = "guarded"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Scene:
    """A page, who looks at it, the text by which it is complete, and what is done there before the picture."""

    name: str
    path: str
    by: Seen
    awaits: str
    act: Act | None = None
    # What is done before the page is opened, such as keeping the server from answering.
    prepare: Act | None = None
    # Whether the picture is of a page that still loads.
    loads: bool = False


def _press(name: str) -> Act:
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def _press_first(name: str) -> Act:
    """Press the first button of a list whose name begins with this."""
    return lambda page: page.get_by_role("button", name=re.compile(f"^{name}")).first.click()


def _refuse(path: str, status: int, code: str) -> Act:
    """Let a path refuse with this, for what a stack that is well would not say."""
    body = {"status": status, "code": code, "title": "Refused"}

    def refuse(page: Page) -> None:
        kind = "application/problem+json"
        page.route(f"**/api/v1{path}", lambda route: route.fulfill(status=status, content_type=kind, json=body))

    return refuse


def _never_answer(page: Page) -> None:
    """Let the page wait for what the customer has; held in the page, as a route that never ends outlives it."""
    page.add_init_script("""
        const ask = window.fetch;
        const waits = (input) => /\\/(portfolio|balance)/.test(input.url ?? input);
        window.fetch = (input, init) => waits(input) ? new Promise(() => {}) : ask(input, init);
    """)


def _go_offline(page: Page) -> None:
    """Cut the connection of this page alone; others of its window go on."""
    cut = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", cut)
    page.get_by_text("You are offline.").wait_for()


def _wrong_login(page: Page) -> None:
    form = page.get_by_role("form", name="Log in")
    form.get_by_label("Username or email").fill("nobody_at_all")
    form.get_by_label("Password", exact=True).fill("not the password")
    form.get_by_role("button", name="Log in", exact=True).click()
    form.get_by_role("alert").wait_for()


def _review_order(page: Page) -> None:
    form = page.get_by_role("form", name="Trade Bitcoin")
    form.get_by_label("Quantity").fill("0.005")
    form.get_by_role("status", name="Costs").get_by_text("Fee").wait_for()
    form.get_by_role("button", name="Review buy").click()
    page.get_by_text("Cash afterwards").wait_for()
    page.get_by_role("dialog").locator(".animate-pulse").first.wait_for(state="detached")


def _place_order(page: Page) -> None:
    _review_order(page)
    page.get_by_role("button", name="Confirm buy").click()
    page.get_by_text("Bought 0.005 BTC").wait_for()


def _limit_ticket(page: Page) -> None:
    form = page.get_by_role("form", name="Trade Ethereum")
    form.get_by_role("radio", name="Limit").click()
    form.get_by_role("button", name="Use").click()
    form.get_by_role("button", name="25%").click()
    form.get_by_role("status", name="Costs").get_by_text("Fee").wait_for()


def _refused_registration(page: Page) -> None:
    form = page.get_by_role("form", name="Create account")
    form.get_by_label("Username").fill("ada")
    form.get_by_label("Password", exact=True).fill("password")
    form.get_by_role("button", name="Create account").click()


def _trades(page: Page) -> None:
    page.get_by_role("tab", name="Assets").click()
    page.get_by_role("table").get_by_text("Buy").first.wait_for()


def _new_password(page: Page) -> None:
    page.get_by_role("button", name="Change password").click()
    page.get_by_role("dialog").get_by_label("New password").fill("correct horse battery")


def _recovery_codes(page: Page) -> None:
    page.get_by_role("button", name="Make new ones").click()
    page.get_by_role("list", name="Recovery codes").wait_for()


def _have_authenticator(page: Page) -> None:
    """Give the page's device a reader of fingerprints."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})


def _add_passkey(page: Page) -> None:
    """Add a passkey, unless an earlier picture shows it already."""
    passkeys = page.get_by_role("region", name="Passkeys")
    passkeys.get_by_text(re.compile("^None yet|^Laptop")).first.wait_for()
    if passkeys.get_by_text("Laptop").count():
        return
    page.get_by_role("button", name="Add a passkey").click()
    dialog = page.get_by_role("dialog", name="Add a passkey")
    dialog.get_by_label("Name").fill("Laptop")
    dialog.get_by_role("button", name="Continue").click()
    passkeys.get_by_text("Laptop").wait_for()
    page.get_by_text("The passkey is added.").wait_for()
    page.reload()
    passkeys.get_by_text("Laptop").wait_for()


def _step_up(page: Page) -> None:
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("dialog", name="Confirm that it is you").get_by_label("Password", exact=True).wait_for()


def _enrol_authenticator(page: Page) -> None:
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("img", name="QR code").wait_for()


def _open_first_user(page: Page) -> None:
    page.get_by_role("table", name="Users").get_by_role("link", name="ada_lovelace").click()
    page.get_by_role("heading", name="ada_lovelace").wait_for()


def _roles_of_first_user(page: Page) -> None:
    _open_first_user(page)
    page.get_by_role("button", name="Roles", exact=True).click()
    page.get_by_role("dialog").wait_for()


_AUTHENTICATOR: Final = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

SCENES: Final = (
    Scene("markets-visitor", "/markets", Seen.STRANGER, "Bitcoin"),
    Scene("markets-nothing-found", "/markets?q=nothing", Seen.STRANGER, "Nothing matches"),
    Scene("markets-away", "/markets", Seen.STRANGER, "Try again", prepare=_refuse("/inventory/**", 503, "SVC_001")),
    Scene("register", "/register", Seen.STRANGER, "Create account"),
    Scene("register-refused", "/register", Seen.STRANGER, "Create account", _refused_registration),
    Scene("login", "/login", Seen.STRANGER, "Log in"),
    Scene("login-refused", "/login", Seen.STRANGER, "Log in", _wrong_login),
    Scene("forgot-password", "/forgot-password", Seen.STRANGER, "Send me a link"),
    Scene("reset-password", "/reset-password#token=none", Seen.STRANGER, "New password"),
    Scene("verify-email", "/verify-email", Seen.STRANGER, "This address is not complete."),
    Scene("not-found", "/nowhere", Seen.STRANGER, "This page does not exist"),
    Scene("asset-visitor", "/markets/SOL", Seen.STRANGER, "Log in to trade"),
    Scene("dashboard-empty", "/dashboard", Seen.NEWCOMER, "Cash"),
    Scene("trade-empty", "/markets/ADA", Seen.NEWCOMER, "Available $"),
    Scene("orders-empty", "/orders", Seen.NEWCOMER, "Orders"),
    Scene("dashboard", "/dashboard", Seen.CUSTOMER, "Positions"),
    Scene("dashboard-loading", "/dashboard", Seen.CUSTOMER, "Positions", prepare=_never_answer, loads=True),
    Scene("dashboard-offline", "/dashboard", Seen.CUSTOMER, "Positions", _go_offline),
    Scene("account-menu", "/dashboard", Seen.CUSTOMER, "Positions", _press_first("Account")),
    Scene("deposit", "/dashboard", Seen.CUSTOMER, "Positions", _press("Deposit")),
    Scene("withdraw", "/dashboard", Seen.CUSTOMER, "Positions", _press("Withdraw")),
    Scene("markets", "/markets", Seen.CUSTOMER, "Bitcoin"),
    Scene("trade", "/markets/BTC", Seen.CUSTOMER, "Available $"),
    Scene("trade-switch-market", "/markets/BTC", Seen.CUSTOMER, "Available $", _press("Switch market")),
    Scene("trade-review", "/markets/BTC", Seen.CUSTOMER, "Available $", _review_order),
    Scene("trade-limit", "/markets/ETH", Seen.CUSTOMER, "Available $", _limit_ticket),
    Scene("orders", "/orders", Seen.CUSTOMER, "Completed"),
    Scene("order-details", "/orders", Seen.CUSTOMER, "Completed", _press_first("Market buy")),
    Scene("order-change", "/orders", Seen.CUSTOMER, "Completed", _press_first("Change limit")),
    Scene("order-cancel", "/orders", Seen.CUSTOMER, "Completed", _press_first("Cancel limit")),
    Scene("transactions", "/transactions", Seen.CUSTOMER, "Deposit"),
    Scene("transactions-assets", "/transactions", Seen.CUSTOMER, "Deposit", _trades),
    Scene("security", "/security", Seen.CUSTOMER, "This device"),
    Scene("security-password", "/security", Seen.CUSTOMER, "This device", _new_password),
    Scene("security-authenticator", "/security", Seen.CUSTOMER, "This device", _enrol_authenticator),
    Scene(
        "security-step-up",
        "/security",
        Seen.CUSTOMER,
        "This device",
        _step_up,
        _refuse("/auth/mfa/totp", 403, "PERM_002"),
    ),
    # Last of the customer's, since it changes what the others show.
    Scene("trade-placed", "/markets/BTC", Seen.CUSTOMER, "Available $", _place_order),
    Scene("security-protected", "/security", Seen.GUARDED, "This device", _add_passkey, _have_authenticator),
    Scene("security-recovery-codes", "/security", Seen.GUARDED, "This device", _recovery_codes),
    Scene("console-users", "/operator/users", Seen.ADMINISTRATOR, "ada_lovelace"),
    Scene("console-user", "/operator/users", Seen.ADMINISTRATOR, "ada_lovelace", _open_first_user),
    Scene("console-roles", "/operator/users", Seen.ADMINISTRATOR, "ada_lovelace", _roles_of_first_user),
    Scene("console-orders", "/operator/orders?username=ada_lovelace", Seen.ADMINISTRATOR, "Completed"),
    Scene("console-assets", "/operator/assets", Seen.ADMINISTRATOR, "Bitcoin"),
    Scene("console-asset-form", "/operator/assets", Seen.ADMINISTRATOR, "Bitcoin", _press("List an asset")),
    Scene("console-audit", "/operator/audit", Seen.ADMINISTRATOR, "Show"),
    Scene("console-audit-record", "/operator/audit", Seen.ADMINISTRATOR, "Show", _press_first("Show the record")),
    Scene("console-health", "/operator/health", Seen.ADMINISTRATOR, "User service"),
)

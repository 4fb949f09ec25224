"""What there is to photograph: each scene is a page as one of the cast sees it."""

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
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Scene:
    """A page, who looks at it, the text by which it is complete, and what is done there before the picture."""

    name: str
    path: str
    by: Seen
    awaits: str
    act: Act | None = None


def _press(name: str) -> Act:
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def _review_order(page: Page) -> None:
    form = page.get_by_role("form", name="Trade Bitcoin")
    form.get_by_label("Quantity").fill("0.005")
    form.get_by_role("button", name="Review buy").click()
    page.get_by_text("Cash afterwards").wait_for()
    page.get_by_role("dialog").locator(".animate-pulse").first.wait_for(state="detached")


def _limit_ticket(page: Page) -> None:
    form = page.get_by_role("form", name="Trade Ethereum")
    form.get_by_role("radio", name="Limit").click()
    form.get_by_role("button", name="Use").click()
    form.get_by_role("button", name="25%").click()


def _refused_registration(page: Page) -> None:
    form = page.get_by_role("form", name="Create account")
    form.get_by_label("Username").fill("ada")
    form.get_by_label("Password", exact=True).fill("password")
    form.get_by_role("button", name="Create account").click()


def _open_first_user(page: Page) -> None:
    page.get_by_role("table", name="Users").get_by_role("link", name="ada_lovelace").click()
    page.get_by_role("heading", name="ada_lovelace").wait_for()


def _enrol_authenticator(page: Page) -> None:
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("img", name="QR code").or_(page.get_by_label("Password", exact=True)).first.wait_for()


SCENES: Final = (
    Scene("markets-visitor", "/markets", Seen.STRANGER, "Bitcoin"),
    Scene("register", "/register", Seen.STRANGER, "Create account"),
    Scene("register-refused", "/register", Seen.STRANGER, "Create account", _refused_registration),
    Scene("login", "/login", Seen.STRANGER, "Log in"),
    Scene("forgot-password", "/forgot-password", Seen.STRANGER, "Send me a link"),
    Scene("reset-password", "/reset-password#token=none", Seen.STRANGER, "New password"),
    Scene("verify-email", "/verify-email", Seen.STRANGER, "This address is not complete."),
    Scene("not-found", "/nowhere", Seen.STRANGER, "This page does not exist"),
    Scene("asset-visitor", "/markets/SOL", Seen.STRANGER, "Log in to trade"),
    Scene("dashboard-empty", "/dashboard", Seen.NEWCOMER, "Cash"),
    Scene("orders-empty", "/orders", Seen.NEWCOMER, "Orders"),
    Scene("dashboard", "/dashboard", Seen.CUSTOMER, "Positions"),
    Scene("deposit", "/dashboard", Seen.CUSTOMER, "Positions", _press("Deposit")),
    Scene("markets", "/markets", Seen.CUSTOMER, "Bitcoin"),
    Scene("trade", "/markets/BTC", Seen.CUSTOMER, "Available $"),
    Scene("trade-review", "/markets/BTC", Seen.CUSTOMER, "Available $", _review_order),
    Scene("trade-limit", "/markets/ETH", Seen.CUSTOMER, "Available $", _limit_ticket),
    Scene("orders", "/orders", Seen.CUSTOMER, "Completed"),
    Scene("transactions", "/transactions", Seen.CUSTOMER, "Deposit"),
    Scene("security", "/security", Seen.CUSTOMER, "This device"),
    Scene("console-users", "/operator/users", Seen.ADMINISTRATOR, "ada_lovelace"),
    Scene("console-user", "/operator/users", Seen.ADMINISTRATOR, "ada_lovelace", _open_first_user),
    Scene("console-orders", "/operator/orders?username=ada_lovelace", Seen.ADMINISTRATOR, "Completed"),
    Scene("console-assets", "/operator/assets", Seen.ADMINISTRATOR, "Bitcoin"),
    Scene("console-audit", "/operator/audit", Seen.ADMINISTRATOR, "Show"),
    Scene("console-health", "/operator/health", Seen.ADMINISTRATOR, "User service"),
)

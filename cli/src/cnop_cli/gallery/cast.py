"""The people of the pictures: a customer with a past, a newcomer without one, a guarded one, and an administrator."""

import random
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from cnop_cli import demo
from cnop_cli.errors import CommandError
from cnop_cli.gallery.scenes import Seen
from cnop_cli.platform_client import PlatformClient
from cnop_cli.stack.state import StateDir
from cnop_cli.workspace import ROOT
from cnop_users.domain import totp

CUSTOMER: Final = "ada_lovelace"
NEWCOMER: Final = "grace_hopper"
GUARDED: Final = "katherine_johnson"
ADMINISTRATOR: Final = "margaret_hamilton"
# How much earlier or later than the clock says a code may be.
_EARLY_STEPS: Final = 1
# (asset, kind, worth in dollars, part of the market price for a limit): a past with gains, losses and what waits.
_PAST: Final = (
    ("BTC", "market_buy", 2400, None),
    ("ETH", "market_buy", 1500, None),
    ("SOL", "market_buy", 900, None),
    ("XRP", "market_buy", 350, None),
    ("ADA", "market_buy", 250, None),
    ("ETH", "market_sell", 400, None),
    ("BTC", "limit_buy", 600, 0.93),
    ("SOL", "limit_sell", 300, 1.12),
    ("ETH", "limit_buy", 500, 0.9),
)


@dataclass(frozen=True, slots=True)
class Login:
    """How somebody logs in."""

    username: str
    password: str
    app: "AuthenticatorApp | None" = None


@dataclass(slots=True)
class AuthenticatorApp:
    """An authenticator app on somebody's phone; each of its codes is good once."""

    secret: str
    _used: int = field(default=0, init=False)

    def next_code(self) -> str:
        """Return a code that was not used yet, once the platform takes it."""
        step = max(self._used + 1, _step() - _EARLY_STEPS)
        while step > _step() + _EARLY_STEPS:
            time.sleep(0.5)
        self._used = step
        return totp.code_at(totp.secret_from_text(self.secret), step)


def _step() -> int:
    return totp.step_of(datetime.now(UTC))


def engage(gateway_url: str, state: StateDir) -> dict[Seen, Login]:
    """Register the cast on a fresh stack and give them their past.

    Raises:
        CommandError: the platform refused something; names that are taken are refused.
    """
    customer = _register(gateway_url, CUSTOMER, "Ada", "Lovelace")
    newcomer = _register(gateway_url, NEWCOMER, "Grace", "Hopper")
    guarded = _guard(gateway_url, _register(gateway_url, GUARDED, "Katherine", "Johnson"))
    _give_past(gateway_url, customer)
    for _ in demo.fill(gateway_url, chance=random.Random(7)):  # noqa: S311 - picks demonstration trades
        pass
    return {
        Seen.CUSTOMER: customer,
        Seen.NEWCOMER: newcomer,
        Seen.GUARDED: guarded,
        Seen.ADMINISTRATOR: _administrator(state),
    }


def _register(gateway_url: str, username: str, first_name: str, last_name: str) -> Login:
    login = Login(username, secrets.token_urlsafe(15))
    names = {"first_name": first_name, "last_name": last_name, "email": f"{username}@example.com"}
    account = {"username": username, "password": login.password}
    PlatformClient.connect(gateway_url).post("/auth/register", {**account, **names})
    return login


def _logged_in(gateway_url: str, login: Login) -> PlatformClient:
    client = PlatformClient.connect(gateway_url)
    account = {"username": login.username, "password": login.password}
    client.token = client.post("/auth/login", account)["access_token"]
    return client


def _guard(gateway_url: str, login: Login) -> Login:
    """Set up an authenticator app for somebody; give the login that asks for its codes from now on."""
    client = _logged_in(gateway_url, login)
    app = AuthenticatorApp(client.post("/auth/mfa/totp", {})["secret"])
    client.post("/auth/mfa/totp/confirm", {"code": app.next_code()})
    return replace(login, app=app)


def _give_past(gateway_url: str, login: Login) -> None:
    client = _logged_in(gateway_url, login)
    client.post("/balance/deposit", {"amount": "9500.00"})
    prices = {asset["asset_id"]: asset["price_usd"] for asset in client.get("/inventory/assets", limit=100)["data"]}
    for asset_id, order_type, dollars, part in _PAST:
        limit = {} if part is None else {"price": f"{prices[asset_id] * part:.4f}"}
        quantity = f"{dollars / prices[asset_id]:.4f}"
        client.post("/orders", {"order_type": order_type, "asset_id": asset_id, "quantity": quantity, **limit})
    client.post("/balance/withdraw", {"amount": "120.00"})


def _administrator(state: StateDir) -> Login:
    login = Login(ADMINISTRATOR, secrets.token_urlsafe(15))
    command = ["admin", "create", login.username, "--email", f"{login.username}@example.com", "--password-stdin"]
    done = subprocess.run(
        [sys.executable, "-m", "cnop_cli", *command, "--state", str(state.root)],
        cwd=ROOT,
        input=f"{login.password}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"no administrator could be made: {done.stderr.strip()}")
    return login

"""The whole user service with a clock that tests move, a store in memory and a real Valkey."""

import base64
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prometheus_client import CollectorRegistry

from cnop_core.clock import FixedClock
from cnop_platform.audit import AuditTrail
from cnop_platform.audit.sealer import Sealer
from cnop_platform.authentication import BearerAuthenticator
from cnop_platform.chores import background
from cnop_platform.gatekeeper import Gatekeeper
from cnop_platform.infrastructure import Infrastructure
from cnop_platform.policies import load_policies, policies_folder
from cnop_platform.revocations import RevocationView
from cnop_platform.runtime import ServiceRuntime
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy
from cnop_platform.testing.stores import UnreliableStore
from cnop_platform.tokens import TokenTerms, TokenVerifier
from cnop_users.adapters.signing_keys import SigningKeys
from cnop_users.application.accounts import EnrolledFactorsOfAccounts
from cnop_users.bootstrap import make_app, running
from cnop_users.settings import UsersSettings

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
GATEWAY_SECRET = "g" * 40
ORIGIN = "https://shop.test"
PASSWORD = "SecurePass123!"


def key_text(fill):
    return base64.urlsafe_b64encode(bytes([fill]) * 32).decode()


def write_signing_key(folder, name):
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / f"{name}.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def make_settings(folder, valkey_url, **changes):
    signing = folder / "signing"
    if not signing.exists():
        write_signing_key(signing, "key-20260101T000000Z")
    values = {
        "environment": "local",
        "store": f"sqlite:///{folder}/cnop.db",
        "valkey_url": valkey_url,
        "token_issuer": "https://issuer.test",
        "token_audience": "cnop-test",
        "gateway_secret": GATEWAY_SECRET,
        "audit_key": key_text(1),
        "ledger_key": key_text(2),
        "pepper": key_text(3),
        "data_key": key_text(4),
        "index_key": key_text(5),
        "signing_keys": str(signing),
        "frontend_origins": ORIGIN,
        "bcrypt_cost": 4,
        **changes,
    }
    return UsersSettings(**values)


class ServiceUnderTest:
    """One replica. Several may share store, clock and settings."""

    def __init__(self, settings, cache, *, store=None, clock=None):
        self.settings = settings
        self.clock = clock or FixedClock(START)
        self.store = store or UnreliableStore(MemoryStore())
        self.cache = cache
        self.signing_keys = SigningKeys(
            settings.signing_keys, clock=self.clock, lead_seconds=settings.jwks_cache_seconds
        )
        # Several replicas of a test share one process.
        self.registry = CollectorRegistry()
        self.app = make_app(self._wire, gateway_secret=GATEWAY_SECRET)

    @asynccontextmanager
    async def _wire(self):
        audit = AuditTrail(store=self.store, key=b"a" * 32, service="user_service", clock=self.clock, entropy=entropy)
        self.audit = audit
        view = RevocationView(store=self.store, cache=self.cache, clock=self.clock)
        terms = TokenTerms(issuer=self.settings.token_issuer, audience=self.settings.token_audience)
        verifier = TokenVerifier(keys=self.signing_keys, terms=terms, clock=self.clock)
        gatekeeper = Gatekeeper(
            authenticator=BearerAuthenticator(verifier=verifier, sessions=view),
            policies=load_policies(policies_folder()),
            audit=audit,
            clock=self.clock,
            factors=EnrolledFactorsOfAccounts(self.store),
            factor_roles=self.settings.factor_roles,
        )
        base = Infrastructure(store=self.store, cache=self.cache, clock=self.clock)
        sealer = Sealer(store=self.store, key=b"a" * 32, service="user_service", clock=self.clock)
        runtime = ServiceRuntime(infrastructure=base, audit=audit, sealer=sealer, sessions=view, gatekeeper=gatekeeper)
        async with (
            background([audit.run, view.run]),
            running(self.settings, runtime, self.signing_keys, registry=self.registry) as wiring,
        ):
            yield wiring

    @asynccontextmanager
    async def client(self, address="203.0.113.9"):
        async with self.app.router.lifespan_context(self.app), self.from_address(address) as client:
            yield client

    def from_address(self, address):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://users")


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def register(client, username="testuser", **changes):
    body = {"username": username, "email": f"{username}@example.com", "password": PASSWORD, **changes}
    return await client.post("/auth/register", json=body)


async def log_in(client, username="testuser", password=PASSWORD, **changes):
    return await client.post("/auth/login", json={"username": username, "password": password, **changes})


async def signed_in(client, username="testuser"):
    """Register somebody and return the tokens of a first session."""
    assert (await register(client, username)).status_code == 201
    response = await log_in(client, username)
    assert response.status_code == 200, response.text
    return response.json()

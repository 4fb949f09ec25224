"""The user service's own settings, on top of those that every service has. Times are in seconds, money in cents."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, DirectoryPath, Field, HttpUrl, SecretStr, model_validator

from cnop_ledger import ChainKeys, DailyCaps
from cnop_platform.settings import Environment, ServiceSettings
from cnop_platform.system import processors
from cnop_users.adapters.keyring import Keyring
from cnop_users.adapters.mailers import MaildirMailer, SmtpMailer
from cnop_users.adapters.oidc import ProviderSettings
from cnop_users.application.identities import MOST_IDENTITIES
from cnop_users.application.limits import LoginPolicies
from cnop_users.application.outbox import Mailer
from cnop_users.application.ports import LimitPolicy
from cnop_users.domain.cash import CashTerms
from cnop_users.domain.mail import Letterhead
from cnop_users.domain.sessions import Lifetimes

_DEFAULT_BCRYPT_COST: Final = {Environment.LOCAL: 10, Environment.PRODUCTION: 12}
_LEAST_PRODUCTION_COST: Final = 12
_LOCAL_SENDER: Final = "no-reply@localhost"


def _keyring_text(purpose: str) -> Callable[[SecretStr], SecretStr]:
    def check(text: SecretStr) -> SecretStr:
        Keyring.from_text(text.get_secret_value(), purpose=purpose)
        return text

    return check


def _ledger_keys_text(text: SecretStr) -> SecretStr:
    ChainKeys.from_text(text.get_secret_value())
    return text


def _smtp_url_text(text: SecretStr) -> SecretStr:
    SmtpMailer(text.get_secret_value(), sender="")
    return text


def _https_or_loopback(url: HttpUrl) -> HttpUrl:
    if url.scheme != "https" and url.host not in {"localhost", "127.0.0.1"}:
        raise ValueError("a service elsewhere must be reached by https")
    return url


ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")]
Seconds = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=1)]


class UsersSettings(ServiceSettings):
    """What the user service needs to know. Keys are base64url of 32 bytes; older ones may follow after a comma."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000

    ledger_key: Annotated[SecretStr, AfterValidator(_ledger_keys_text)]
    pepper: Annotated[SecretStr, AfterValidator(_keyring_text("pepper"))]
    data_key: Annotated[SecretStr, AfterValidator(_keyring_text("data"))] | None = None
    """Wraps people's data keys, unless AWS KMS does; it still opens what it wrapped."""
    data_kms_key: str = ""
    """A key of AWS KMS that wraps data keys: its id, ARN or alias. Older ones may follow after a comma."""
    index_key: Annotated[SecretStr, AfterValidator(_keyring_text("index"))]
    signing_keys: DirectoryPath
    frontend_origins: str = ""
    """The pages that may use the session cookie, separated by commas; none, and cookies are refused."""

    erasure_register: str | None = None
    """Another store (a file or table of its own) that lists who was erased, for when `store` is restored."""

    breached_passwords_url: Annotated[HttpUrl, AfterValidator(_https_or_loopback)] | None = None
    """A range service of breached passwords, such as `https://api.pwnedpasswords.com`; without it the bundled list."""
    bcrypt_cost: Annotated[int, Field(ge=4, le=16)] | None = None
    password_workers: Annotated[int, Field(ge=1, le=64)] | None = None
    """Hashes at a time; half of the processors unless set, so that the other half is left to everything else."""
    password_queue: Annotated[int, Field(ge=1, le=10_000)] = 200
    password_wait_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """Longer than a person waits, and less than the gateway does."""
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    session_idle_seconds: Seconds = 7 * 86_400
    session_absolute_seconds: Seconds = 30 * 86_400
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=60)] = 10
    jwks_cache_seconds: Annotated[int, Field(ge=0, le=86_400)] = 300

    login_address_failures: Count = 5
    login_address_block_seconds: Seconds = 300
    login_network_failures: Count = 50
    login_name_failures: Count = 10
    login_window_seconds: Seconds = 300
    session_failures: Count = 5
    stuffing_address_names: Count = 5
    stuffing_network_names: Count = 20
    """At how many different names an address, or a network, fails within an hour before that is reported."""

    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url_text)] | None = None
    """`smtp://user:password@host:587` or `smtps://…`: where letters are sent."""
    mail_dir: Path | None = None
    """A Maildir that letters are put into instead, on one's own machine. Without either, letters wait in the store."""
    display_name: str = "Cloud-Native Order Processor"
    """How letters, authenticators and passkey dialogs name the platform."""
    support_contact: Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    """How people reach support, as letters say it: an address, a number, a page. Unset, they say what to do without."""
    passkey_domain: str | None = None
    """The domain that passkeys belong to; the host of the page unless set."""
    oidc_providers: dict[ProviderName, ProviderSettings] = Field(default_factory=dict, max_length=MOST_IDENTITIES)
    """A JSON object: name to `issuer`, `client_id`, `client_secret` and optionally `scope`, `tells_auth_time`."""
    api_url: str | None = None
    """Where browsers reach this API; `/api/v1` beside the page unless set."""
    mail_from: str = _LOCAL_SENDER
    page_url: str | None = None
    """Where letters point to; the first of the frontend's origins unless set."""
    letters_per_hour: Count = 3

    cash_limit_cents: Count = 100_000_000
    deposits_per_day_cents: Count = 1_000_000
    withdrawals_per_day_cents: Count = 500_000
    withdrawal_step_up_cents: Annotated[int, Field(ge=0)] = 100_000

    @model_validator(mode="after")
    def _require_a_master_key(self) -> Self:
        if self.data_key is None and not self.kms_keys:
            raise ValueError("set data_key or data_kms_key: without either no personal data can be kept")
        return self

    @model_validator(mode="after")
    def _refuse_cheap_hashes(self) -> Self:
        if self.environment is Environment.PRODUCTION and self.password_cost < _LEAST_PRODUCTION_COST:
            raise ValueError(f"bcrypt_cost must be at least {_LEAST_PRODUCTION_COST} in production")
        return self

    @model_validator(mode="after")
    def _require_a_way_for_letters(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            if self.smtp_url is None:
                raise ValueError("smtp_url is needed in production: without it nobody can confirm an address")
            if self.mail_from == _LOCAL_SENDER:
                raise ValueError("mail_from must be an address of yours in production")
        return self

    @property
    def password_cost(self) -> int:
        """The bcrypt cost: 2**cost rounds."""
        return self.bcrypt_cost or _DEFAULT_BCRYPT_COST[self.limits_profile]

    @property
    def hashing_threads(self) -> int:
        """How many passwords are hashed at a time."""
        return self.password_workers or max(1, processors() // 2)

    @property
    def origins(self) -> frozenset[str]:
        """The pages that may use the session cookie."""
        return frozenset(text.strip() for text in self.frontend_origins.split(",") if text.strip())

    @property
    def mailer(self) -> Mailer | None:
        """How letters leave, if they can."""
        if self.smtp_url is not None:
            return SmtpMailer(self.smtp_url.get_secret_value(), sender=self.mail_from)
        return MaildirMailer(self.mail_dir, sender=self.mail_from) if self.mail_dir is not None else None

    @property
    def page(self) -> str:
        """Where the platform's pages are, without a trailing slash."""
        first = self.frontend_origins.split(",")[0].strip()
        return (self.page_url or first or "http://localhost:3000").rstrip("/")

    @property
    def letterhead(self) -> Letterhead:
        """Who letters are from, as they say it."""
        return Letterhead(platform=self.display_name, page=self.page, support_contact=self.support_contact)

    def redirect_uri(self, provider: str) -> str:
        """Return where a provider sends browsers back to."""
        return f"{(self.api_url or f'{self.page}/api/v1').rstrip('/')}/auth/oidc/{provider}/callback"

    @property
    def relying_party(self) -> str:
        """The domain that passkeys belong to."""
        return self.passkey_domain or urlsplit(self.page).hostname or "localhost"

    @property
    def lifetimes(self) -> Lifetimes:
        """How long tokens and sessions last."""
        return Lifetimes(
            access_seconds=self.access_token_seconds,
            idle_seconds=self.session_idle_seconds,
            absolute_seconds=self.session_absolute_seconds,
            grace_seconds=self.refresh_grace_seconds,
        )

    @property
    def login_policies(self) -> LoginPolicies:
        """The limits on failed sign-ins. Blocks double each time, up to an hour; a name's to 15 minutes."""
        block = self.login_address_block_seconds
        window = self.login_window_seconds
        return LoginPolicies(
            address=LimitPolicy("address", self.login_address_failures, window, block, max(block, 3600)),
            network=LimitPolicy("network", self.login_network_failures, window, block, max(block, 3600)),
            name=LimitPolicy("name", self.login_name_failures, 3600, 1, 900, relapse=True),
            session=LimitPolicy("session", self.session_failures, 3600, 60, 3600, relapse=True),
            letters=LimitPolicy("letters", self.letters_per_hour, 3600, 3600, 3600),
            stuffing_address=LimitPolicy("stuffing", self.stuffing_address_names, 3600, 3600, 3600, distinct=True),
            stuffing_network=LimitPolicy("stuffing-net", self.stuffing_network_names, 3600, 3600, 3600, distinct=True),
        )

    @property
    def cash_terms(self) -> CashTerms:
        """What may be moved at once and a day."""
        return CashTerms(
            most_at_once=self.cash_limit_cents,
            caps=DailyCaps(deposits=self.deposits_per_day_cents, withdrawals=self.withdrawals_per_day_cents),
            step_up_above=self.withdrawal_step_up_cents,
        )

    @property
    def chain_keys(self) -> ChainKeys:
        """The keys that sign and verify wallets and entries."""
        return ChainKeys.from_text(self.ledger_key.get_secret_value())

    @property
    def kms_keys(self) -> list[str]:
        """The keys of AWS KMS, the one to use first."""
        return [text.strip() for text in self.data_kms_key.split(",") if text.strip()]

    def keyring(self, name: str) -> Keyring:
        """Return the keys of a purpose: `pepper`, `data` or `index`. Raises `ValueError` where there are none."""
        text = {"pepper": self.pepper, "data": self.data_key, "index": self.index_key}[name]
        if text is None:
            raise ValueError(f"there is no {name} key")
        return Keyring.from_text(text.get_secret_value(), purpose=name)

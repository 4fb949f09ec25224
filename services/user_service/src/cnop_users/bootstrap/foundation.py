"""What the use cases are built on: hashing, keys, accounts, sessions, limits, letters."""

from functools import cached_property

import httpx

from cnop_platform.peer_client import public_authorities
from cnop_platform.revocations import RevocationPublisher
from cnop_platform.runtime import ServiceRuntime
from cnop_platform.store import Store
from cnop_platform.system import entropy
from cnop_platform.tokens import TokenTerms
from cnop_platform.wakeups import WalletBell
from cnop_users.adapters.breaches import BreachedPasswords, ScreeningJudge
from cnop_users.adapters.counters import FallbackCounter, LocalCounter, ValkeyCounter
from cnop_users.adapters.email_index import HmacEmailIndex
from cnop_users.adapters.news import RevocationNews
from cnop_users.adapters.passwords import BcryptHasher
from cnop_users.adapters.signing_keys import SigningKeys
from cnop_users.adapters.strength import CommonPasswords, ZxcvbnJudge
from cnop_users.adapters.tokens import JwtIssuer
from cnop_users.adapters.vault import FileMasterKeys, MasterKeys, MasterKeyVault
from cnop_users.application.accounts import Accounts
from cnop_users.application.attempts import Attempts
from cnop_users.application.guesses import Guesses
from cnop_users.application.limits import LoginLimits
from cnop_users.application.one_time import OneTimeTokens
from cnop_users.application.outbox import Outbox
from cnop_users.application.places import Places
from cnop_users.application.ports import PasswordJudge
from cnop_users.application.recovery_codes import RecoveryCodes
from cnop_users.application.sessions import Sessions
from cnop_users.settings import UsersSettings


class Foundation:
    """Makes each object once, when it is first needed."""

    def __init__(
        self, settings: UsersSettings, runtime: ServiceRuntime, keys: SigningKeys, *, register: Store | None = None
    ) -> None:
        self._register = register
        self._settings = settings
        self._runtime = runtime
        self._keys = keys
        self._store = runtime.infrastructure.store
        self._cache = runtime.infrastructure.cache
        self._clock = runtime.infrastructure.clock
        self._audit = runtime.audit

    @cached_property
    def publisher(self) -> RevocationPublisher:
        """Announces ended sessions."""
        return RevocationPublisher(cache=self._cache, name=f"user_service-{entropy(8).hex()}")

    @cached_property
    def bell(self) -> WalletBell:
        """Announces changed wallets."""
        return WalletBell(self._cache)

    @cached_property
    def hasher(self) -> BcryptHasher:
        """Hashes passwords."""
        return BcryptHasher(
            peppers=self._settings.keyring("pepper"),
            cost=self._settings.password_cost,
            workers=self._settings.hashing_threads,
            queue=self._settings.password_queue,
            longest_wait_seconds=self._settings.password_wait_seconds,
            entropy=entropy,
        )

    @cached_property
    def strength(self) -> ZxcvbnJudge:
        """Judges how hard chosen passwords are to guess."""
        return ZxcvbnJudge(CommonPasswords.bundled())

    @cached_property
    def judge(self) -> PasswordJudge:
        """Judges chosen passwords."""
        url = self._settings.breached_passwords_url
        if url is None:
            return self.strength
        return ScreeningJudge(BreachedPasswords(str(url), client=self.http_client), judge=self.strength)

    @cached_property
    def http_client(self) -> httpx.AsyncClient:
        """Talks to identity providers, and to who knows breached passwords."""
        return httpx.AsyncClient(verify=public_authorities(), follow_redirects=False)

    @cached_property
    def vault(self) -> MasterKeyVault:
        """Keeps data keys."""
        return MasterKeyVault(master_keys=self.master_keys, entropy=entropy)

    @cached_property
    def master_keys(self) -> MasterKeys:
        """Wraps data keys: AWS KMS where a key of it is named, else keys of our own."""
        data_key = self._settings.data_key
        own = FileMasterKeys(self._settings.keyring("data"), entropy=entropy) if data_key else None
        if not self._settings.kms_keys:
            if own is None:
                raise ValueError("neither data_key nor data_kms_key is set")
            return own
        from cnop_users.adapters.kms import KmsMasterKeys  # noqa: PLC0415 - botocore is large; loaded where it is used

        return KmsMasterKeys(self._settings.kms_keys, older=own)

    @cached_property
    def accounts(self) -> Accounts:
        """Finds accounts."""
        index = HmacEmailIndex(self._settings.keyring("index"))
        return Accounts(store=self._store, vault=self.vault, email_index=index)

    @cached_property
    def tokens(self) -> JwtIssuer:
        """Signs access tokens."""
        return JwtIssuer(
            keys=self._keys,
            terms=TokenTerms(issuer=self._settings.token_issuer, audience=self._settings.token_audience),
            lifetime_seconds=self._settings.access_token_seconds,
            clock=self._clock,
            entropy=entropy,
        )

    @cached_property
    def news(self) -> RevocationNews:
        """Spreads what has ended."""
        return RevocationNews(view=self._runtime.sessions, publisher=self.publisher)

    @cached_property
    def sessions(self) -> Sessions:
        """Begins and ends sessions."""
        return Sessions(
            store=self._store,
            tokens=self.tokens,
            news=self.news,
            audit=self._audit,
            clock=self._clock,
            entropy=entropy,
            lifetimes=self._settings.lifetimes,
        )

    @cached_property
    def limits(self) -> LoginLimits:
        """Counts failed sign-ins."""
        shared, local = ValkeyCounter(self._cache, clock=self._clock), LocalCounter(clock=self._clock)
        return LoginLimits(
            counter=FallbackCounter(shared=shared, local=local),
            policies=self._settings.login_policies,
            keys=self._settings.keyring("index").secrets,
            entropy=entropy,
        )

    @cached_property
    def guesses(self) -> Guesses:
        """Reports failed sign-ins."""
        return Guesses(limits=self.limits, audit=self._audit)

    @cached_property
    def attempts(self) -> Attempts:
        """Lets proofs of identity be checked."""
        return Attempts(hasher=self.hasher, limits=self.limits, places=self.places)

    @cached_property
    def places(self) -> Places:
        """Remembers where people sign in from."""
        return Places(store=self._store, limits=self.limits, clock=self._clock)

    @cached_property
    def outbox(self) -> Outbox:
        """Stores letters."""
        return Outbox(clock=self._clock, entropy=entropy)

    @cached_property
    def one_time(self) -> OneTimeTokens:
        """Makes the tokens that letters carry."""
        return OneTimeTokens(store=self._store, clock=self._clock, entropy=entropy)

    @cached_property
    def recovery_codes(self) -> RecoveryCodes:
        """Keeps recovery codes."""
        return RecoveryCodes(store=self._store, entropy=entropy)

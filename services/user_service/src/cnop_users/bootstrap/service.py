"""The use cases of one running user service, and what runs beside them."""

from functools import cached_property

from cnop_platform.chores import Chore
from cnop_platform.request_context import RequestContext
from cnop_platform.system import entropy
from cnop_users.adapters.erasure_keeper import ErasureKeeper
from cnop_users.adapters.oidc import FlowSeal, OpenIdProvider
from cnop_users.adapters.post_office import PostOffice
from cnop_users.adapters.webauthn_ceremonies import WebAuthnCeremonies
from cnop_users.api.after_answer import AfterAnswer
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.federation import FederationDesk
from cnop_users.api.key_set import PublishedKeys
from cnop_users.application.administration import Administration
from cnop_users.application.audit_log import AuditLog
from cnop_users.application.erasure import Erasure
from cnop_users.application.erasure_register import ErasureRegister
from cnop_users.application.events import SecurityEvents
from cnop_users.application.export import AccountExport
from cnop_users.application.factors import SecondFactors
from cnop_users.application.federated_factor import FederatedFactor
from cnop_users.application.federation import Federation
from cnop_users.application.identities import Identities
from cnop_users.application.login import Login
from cnop_users.application.outbox import Postman
from cnop_users.application.passkey_sign_in import PasskeySignIn
from cnop_users.application.passkeys import Passkeys
from cnop_users.application.passwords import PasswordChange
from cnop_users.application.profile import Profiles
from cnop_users.application.recovery import Recovery
from cnop_users.application.registration import Registration
from cnop_users.application.step_up import StepUp
from cnop_users.application.verification import Verification
from cnop_users.bootstrap.wallets import Wallets
from cnop_users.domain.challenges import Challenges


class UserService(Wallets):
    """The use cases, each made once, when it is first needed."""

    def objects(self) -> list[object]:
        """Return what handlers ask for, each by its type."""
        return [
            self.accounts,
            self.sessions,
            self.registration,
            self.login,
            self.profiles,
            self.password_change,
            self.recovery,
            self.verification,
            self.factors,
            self.step_up,
            self.passkeys,
            self.passkey_sign_in,
            self.federation,
            self.identities,
            self.federation_desk,
            self.federated_factor,
            self.administration,
            AuditLog(store=self._store, clock=self._clock, key=self._settings.audit_key.get_secret_value()),
            self.after_answer,
            self.cash_desk,
            self.holdings,
            self.events,
            self.erasure,
            AccountExport(
                accounts=self.accounts,
                sessions=self.sessions,
                events=self.events,
                reader=self.reader,
                passkeys=self.passkeys,
                identities=self.identities,
                places=self.places,
                audit=self._audit,
                clock=self._clock,
            ),
            RefreshCookie(origins=self._settings.origins, max_age_seconds=self._settings.session_absolute_seconds),
            PublishedKeys(
                keys=lambda: [key.public_jwk() for key in self._keys.published()],
                cache_seconds=self._settings.jwks_cache_seconds,
            ),
        ]

    def chores(self) -> list[Chore]:
        """Return what runs for as long as the service does."""
        chores: list[Chore] = [self.publisher.run, self.bell.run, self.after_answer.run, self.erasure_keeper.run]
        if mailer := self._settings.mailer:
            postman = Postman(
                store=self._store,
                vault=self.vault,
                mailer=mailer,
                letterhead=self._settings.letterhead,
                clock=self._clock,
            )
            chores.append(PostOffice(postman).run)
        return chores

    async def close(self) -> None:
        """Finish what the ledger has accepted, and let the threads end."""
        await self.ledger.close()
        await self.hasher.close()
        await self.strength.close()
        await self.master_keys.close()
        await self.http_client.aclose()

    @cached_property
    def verification(self) -> Verification:
        """Proves email addresses."""
        return Verification(
            store=self._store,
            accounts=self.accounts,
            tokens=self.one_time,
            outbox=self.outbox,
            limits=self.limits,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def recovery(self) -> Recovery:
        """Resets lost passwords."""
        return Recovery(
            store=self._store,
            accounts=self.accounts,
            tokens=self.one_time,
            outbox=self.outbox,
            hasher=self.hasher,
            judge=self.judge,
            factors=self.factors,
            identities=self.identities,
            sessions=self.sessions,
            places=self.places,
            limits=self.limits,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def after_answer(self) -> AfterAnswer:
        """Writes reset letters when the request that asked for one has been answered."""

        async def forgot(identifier: str, context: RequestContext) -> None:
            await self.recovery.forgot(identifier, context=context)

        return AfterAnswer(forgot)

    @cached_property
    def password_change(self) -> PasswordChange:
        """Replaces passwords."""
        return PasswordChange(
            store=self._store,
            accounts=self.accounts,
            hasher=self.hasher,
            judge=self.judge,
            limits=self.limits,
            guesses=self.guesses,
            attempts=self.attempts,
            sessions=self.sessions,
            outbox=self.outbox,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def registration(self) -> Registration:
        """Makes accounts."""
        return Registration(
            store=self._store,
            accounts=self.accounts,
            hasher=self.hasher,
            judge=self.judge,
            verification=self.verification,
            audit=self._audit,
            clock=self._clock,
            entropy=entropy,
        )

    @cached_property
    def factors(self) -> SecondFactors:
        """Enrols and checks second factors."""
        return SecondFactors(
            store=self._store,
            accounts=self.accounts,
            attempts=self.attempts,
            guesses=self.guesses,
            outbox=self.outbox,
            audit=self._audit,
            clock=self._clock,
            entropy=entropy,
            issuer=self._settings.display_name,
            passkeys=self.passkeys,
            codes=self.recovery_codes,
        )

    @cached_property
    def passkeys(self) -> Passkeys:
        """Enrols and checks passkeys."""
        ceremonies = WebAuthnCeremonies(
            domain=self._settings.relying_party, name=self._settings.display_name, origins=self._settings.origins
        )
        return Passkeys(
            store=self._store,
            accounts=self.accounts,
            identities=self.identities,
            ceremonies=ceremonies,
            challenges=Challenges(self._settings.keyring("index").secrets),
            codes=self.recovery_codes,
            outbox=self.outbox,
            audit=self._audit,
            clock=self._clock,
            entropy=entropy,
        )

    @cached_property
    def passkey_sign_in(self) -> PasskeySignIn:
        """Signs people in by their passkeys."""
        return PasskeySignIn(
            accounts=self.accounts,
            passkeys=self.passkeys,
            login=self.login,
            limits=self.limits,
            guesses=self.guesses,
        )

    @cached_property
    def federation(self) -> Federation:
        """Signs people in by their identities elsewhere."""
        return Federation(
            identities=self.identities,
            accounts=self.accounts,
            login=self.login,
            registration=self.registration,
            audit=self._audit,
            entropy=entropy,
        )

    @cached_property
    def federated_factor(self) -> FederatedFactor:
        """Finishes sign-ins elsewhere of those who have a second factor."""
        return FederatedFactor(
            store=self._store,
            accounts=self.accounts,
            identities=self.identities,
            factors=self.factors,
            login=self.login,
            limits=self.limits,
            guesses=self.guesses,
            attempts=self.attempts,
            clock=self._clock,
        )

    @cached_property
    def identities(self) -> Identities:
        """Links identities elsewhere to accounts."""
        return Identities(
            store=self._store, accounts=self.accounts, outbox=self.outbox, audit=self._audit, clock=self._clock
        )

    @cached_property
    def federation_desk(self) -> FederationDesk:
        """Knows the providers."""
        seal = FlowSeal(self._settings.keyring("index").secrets, clock=self._clock, entropy=entropy)
        providers = {
            name: OpenIdProvider(
                name,
                settings,
                redirect_uri=self._settings.redirect_uri(name),
                client=self.http_client,
                clock=self._clock,
            )
            for name, settings in self._settings.oidc_providers.items()
        }
        return FederationDesk(
            providers=providers,
            seal=seal.seal,
            open_flow=lambda text, state: seal.open(text, state=state),
            page=self._settings.page,
        )

    @cached_property
    def step_up(self) -> StepUp:
        """Lets people prove again who they are."""
        return StepUp(
            store=self._store,
            accounts=self.accounts,
            hasher=self.hasher,
            factors=self.factors,
            limits=self.limits,
            guesses=self.guesses,
            attempts=self.attempts,
            tokens=self.tokens,
            news=self.news,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def administration(self) -> Administration:
        """Acts on behalf of staff."""
        return Administration(
            store=self._store,
            accounts=self.accounts,
            sessions=self.sessions,
            recovery=self.recovery,
            limits=self.limits,
            audit=self._audit,
            clock=self._clock,
        )

    @cached_property
    def events(self) -> SecurityEvents:
        """Reads people's own security events."""
        return SecurityEvents(self._store)

    @cached_property
    def erasure(self) -> Erasure:
        """Erases people."""
        return Erasure(
            store=self._store,
            accounts=self.accounts,
            sessions=self.sessions,
            reader=self.reader,
            audit=self._audit,
            clock=self._clock,
            register=ErasureRegister(store=self._register, clock=self._clock) if self._register else None,
        )

    @cached_property
    def erasure_keeper(self) -> ErasureKeeper:
        """Finishes erasures, and erases again whom a restored backup brought back."""
        return ErasureKeeper(self.erasure)

    @cached_property
    def login(self) -> Login:
        """Signs people in."""
        return Login(
            store=self._store,
            accounts=self.accounts,
            hasher=self.hasher,
            limits=self.limits,
            places=self.places,
            factors=self.factors,
            outbox=self.outbox,
            sessions=self.sessions,
            guesses=self.guesses,
            attempts=self.attempts,
            clock=self._clock,
        )

    @cached_property
    def profiles(self) -> Profiles:
        """Changes profiles."""
        return Profiles(
            store=self._store,
            accounts=self.accounts,
            verification=self.verification,
            limits=self.limits,
            outbox=self.outbox,
            audit=self._audit,
            clock=self._clock,
        )

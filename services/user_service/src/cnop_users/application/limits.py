"""Failed sign-ins are counted per address, per network and per name; whoever guesses has to wait.

Whatever can be guessed is checked within an attempt: that takes one of the failures that are left before the failure is
known, so that guesses which come at once are no more than guesses which come one by one.

While the shared counter is away each process counts for itself, so every limit here fails limited, neither open nor
closed.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cnop_core.errors import RateLimited
from cnop_core.ids import Entropy, UserId
from cnop_platform.access import Principal
from cnop_platform.request_context import RequestContext
from cnop_users.application.ports import CROWDED, FailureCounter, LimitPolicy
from cnop_users.domain.errors import AddressBlocked

_ATTEMPT_BYTES: Final = 12


class Crowded(RateLimited):
    """As many attempts are under way as failures are left; one of them will end soon."""


@dataclass(frozen=True, slots=True)
class LoginPolicies:
    """The limits on failed sign-ins, and on letters that strangers can cause."""

    address: LimitPolicy
    network: LimitPolicy
    name: LimitPolicy
    session: LimitPolicy
    """How many wrong proofs one session may offer, wherever they come from: it may be stolen."""
    letters: LimitPolicy
    """How many letters each who can have some sent may have sent to one person."""
    stuffing_address: LimitPolicy
    stuffing_network: LimitPolicy
    """At how many different names one source fails before that is reported; they block nobody."""


@dataclass(frozen=True, slots=True)
class FailedSignIn:
    """What a failed sign-in led to."""

    blocked: bool
    """Whether it was the one that blocked the address or its network."""
    stuffing: str | None = None
    """The source, `address` or `network`, of which it shows that it tries the passwords of many."""


class LoginLimits:
    """Decides whether a sign-in may be tried, and keeps count of the failures."""

    def __init__(
        self, *, counter: FailureCounter, policies: LoginPolicies, keys: Sequence[bytes], entropy: Entropy
    ) -> None:
        self._counter = counter
        self._policies = policies
        self._keys = keys
        self._entropy = entropy

    async def require_open_address(self, context: RequestContext) -> None:
        """Raise `AddressBlocked` while the source address, or the network it is in, has to wait."""
        address, network = origin_of(context.client_address)
        waits = [
            await self._counter.blocked_for(self._policies.address, address),
            await self._counter.blocked_for(self._policies.network, network),
        ]
        if any(waits):
            raise _blocked(max(waits))

    async def wait_for_name(self, name: str) -> int:
        """Return for how many more seconds sign-ins under this name are slowed down, wherever they come from.

        A user name and the email address of the same person are two names: one budget for both would tell strangers
        that they belong together.
        """
        return await self._counter.blocked_for(self._policies.name, self._pseudonym(name))

    async def require_open_session(self, principal: Principal) -> None:
        """Raise `RateLimited` while the session has to wait for its next proof."""
        seconds = await self._counter.blocked_for(self._policies.session, principal.session_id)
        if seconds:
            raise slowed_down(seconds)

    @asynccontextmanager
    async def attempt(self, context: RequestContext) -> AsyncIterator[None]:
        """Hold one of the failures that the address and its network have left, while a proof is checked.

        A failure has to be counted before it ends. Raises `AddressBlocked`, and `Crowded`.
        """
        address, network = origin_of(context.client_address)
        async with AsyncExitStack() as held:
            for policy, subject in ((self._policies.address, address), (self._policies.network, network)):
                if seconds := await self._take(held, policy, subject):
                    raise _blocked(seconds)
            yield

    @asynccontextmanager
    async def attempt_at(self, name: str) -> AsyncIterator[None]:
        """Hold one of the failures that a name has left, wherever they come from. Raises `RateLimited`, `Crowded`."""
        async with AsyncExitStack() as held:
            if seconds := await self._take(held, self._policies.name, self._pseudonym(name)):
                raise slowed_down(seconds)
            yield

    @asynccontextmanager
    async def attempt_within(self, principal: Principal) -> AsyncIterator[None]:
        """Hold one of the failures that a session has left. Raises `RateLimited`, `Crowded`.

        Its address has no say: somebody else behind it would keep people from their own accounts.
        """
        async with AsyncExitStack() as held:
            if seconds := await self._take(held, self._policies.session, principal.session_id):
                raise slowed_down(seconds)
            yield

    async def _take(self, held: AsyncExitStack, policy: LimitPolicy, subject: str) -> int:
        """Let an attempt begin, and end with `held`; return for how many seconds its subject is blocked instead.

        Raises `Crowded` when as many are under way as failures are left.
        """
        attempt = self._entropy(_ATTEMPT_BYTES).hex()
        # Given back also when the answer is lost on its way.
        held.push_async_callback(self._counter.release, policy, subject, attempt=attempt)
        admission = await self._counter.admit(policy, subject, attempt=attempt)
        if admission == CROWDED:
            raise Crowded("too many attempts at once; try again in a moment", retry_after_seconds=1)
        return admission.wait_seconds

    async def failed_within(self, principal: Principal, context: RequestContext) -> FailedSignIn:
        """Count a wrong proof of somebody who is signed in."""
        await self._counter.failed(self._policies.session, principal.session_id, member=principal.session_id)
        return await self.failed(principal.username, context)

    async def failed(self, name: str, context: RequestContext) -> FailedSignIn:
        """Count a failed sign-in."""
        address, network = origin_of(context.client_address)
        member = self._pseudonym(name)
        blocks = [
            await self._counter.failed(self._policies.address, address, member=member),
            await self._counter.failed(self._policies.network, network, member=member),
        ]
        await self._counter.failed(self._policies.name, member, member=address)
        return FailedSignIn(
            blocked=any(block.just_now for block in blocks), stuffing=await self._stuffing(address, network, member)
        )

    async def _stuffing(self, address: str, network: str, name: str) -> str | None:
        """Count the different names that a source fails at; return the kind of source when they become too many."""
        found = None
        sources = (
            ("address", self._policies.stuffing_address, address),
            ("network", self._policies.stuffing_network, network),
        )
        for kind, policy, source in sources:
            if (await self._counter.failed(policy, source, member=name)).just_now:
                found = kind
        return found

    async def succeeded(self, name: str, context: RequestContext) -> None:
        """Take back this name's failures from this address: its owner mistyped. Guesses at other names still count."""
        address, network = origin_of(context.client_address)
        member = self._pseudonym(name)
        for policy in (self._policies.address, self._policies.stuffing_address):
            await self._counter.forgive(policy, address, member=member)
        for policy in (self._policies.network, self._policies.stuffing_network):
            await self._counter.forgive(policy, network, member=member)
        await self._counter.forgive(self._policies.name, member, member=address)

    async def may_write_to(self, user_id: UserId, *, asked_by: str) -> bool:
        """Tell whether one more letter may be sent to a person; it counts, for each `asked_by` on its own."""
        return not await self._letter(f"{user_id}:{asked_by}")

    async def require_letter(self, user_id: UserId, address: str) -> None:
        """Count a letter to an address that may be anybody's, for it and for who causes it. Raises `RateLimited`."""
        for subject in (f"{user_id}:elsewhere", self._address(address)):
            if seconds := await self._letter(subject):
                raise RateLimited(
                    f"too many letters were sent because of changed addresses; try again in {seconds} seconds",
                    retry_after_seconds=seconds,
                )

    async def may_write_to_newcomer(self, address: str) -> bool:
        """Tell whether whoever registers with an address is written to; it counts like a letter to a changed one."""
        return not await self._letter(self._address(address))

    async def require_letter_again(self, user_id: UserId, address: str) -> None:
        """Count a letter that proves an address again, for the person and the address. Raises `RateLimited`.

        Only who is signed in with that address is told so; an answer to strangers would tell whose it is.
        """
        for subject in (f"{user_id}:owner", f"again-{self._address(address)}"):
            if seconds := await self._letter(subject):
                raise RateLimited(
                    f"several letters were sent to this address lately; try again in {seconds} seconds",
                    retry_after_seconds=seconds,
                )

    async def require_letter_by_staff(self, user_id: UserId) -> None:
        """Count a letter that staff have sent to a person, whoever of them it is. Raises `RateLimited`."""
        if seconds := await self._letter(f"{user_id}:staff"):
            raise RateLimited(
                f"staff had several letters sent to this person lately; try again in {seconds} seconds",
                retry_after_seconds=seconds,
            )

    async def _letter(self, subject: str) -> int:
        """Count a letter; return for how many seconds none may be sent, this one included, or 0."""
        blocked = await self._counter.failed(self._policies.letters, subject, member=subject)
        return 0 if blocked.just_now else blocked.seconds

    def _address(self, address: str) -> str:
        return f"to:{self._pseudonym(address)}"

    def place(self, context: RequestContext) -> str:
        """Return a pseudonym of the network that a request came from."""
        return self.places(context)[0]

    def places(self, context: RequestContext) -> list[str]:
        """Return the pseudonyms under which that network may be remembered, today's first: keys are exchanged."""
        network = origin_of(context.client_address)[1]
        return [_pseudonym(key, network) for key in self._keys]

    def _pseudonym(self, text: str) -> str:
        return _pseudonym(self._keys[0], text)


def _pseudonym(key: bytes, text: str) -> str:
    return hmac.new(key, text.casefold().encode(), hashlib.sha256).hexdigest()[:32]


def _blocked(seconds: int) -> AddressBlocked:
    return AddressBlocked(f"too many failed sign-ins from your address; try again in {seconds} seconds")


def slowed_down(seconds: int) -> RateLimited:
    """Return the refusal for a name that was guessed at too often."""
    return RateLimited(
        f"too many failed sign-ins for this account; try again in {seconds} seconds", retry_after_seconds=seconds
    )


def origin_of(address: str) -> tuple[str, str]:
    """Return what counts as one source, and the network around it.

    A subscriber of IPv6 commands a /64, so that is one source there, in a /48; for IPv4 it is an address in a /24.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address, address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed), str(ipaddress.ip_network((parsed, 24), strict=False))
    source, network = (ipaddress.ip_network((int(parsed), prefix), strict=False) for prefix in (64, 48))
    return str(source), str(network)

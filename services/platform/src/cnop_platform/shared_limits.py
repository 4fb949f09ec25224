"""How often one client may do what is limited across all replicas together: sign up, sign in, recover, move money.

An endpoint is limited here when its declared rate class is `auth` or `trade`; its permission says which limit it draws
from. Clients are users, or source addresses where no token is needed. Each limit is a bucket that fills continuously,
kept in Valkey as one number (the generic cell rate algorithm); a script reads and moves it, so no two replicas can
admit the same request twice.
"""

import asyncio
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog
import valkey.asyncio as valkey
from prometheus_client import Counter

from cnop_core.clock import Clock, epoch_ms
from cnop_core.errors import RateLimited
from cnop_platform.access import Access, RateClass, UndeclaredAccess
from cnop_platform.allowances import FAILS_OPEN, Allowance, Allowances, LimitGroup
from cnop_platform.cache import CacheError
from cnop_platform.patience import patience
from cnop_platform.permissions import Permission
from cnop_platform.system import monotonic

_log = structlog.get_logger()
_PREFIX: Final = "cnop:rl:shared:"
_BATCH: Final = 100
_TIMEOUT_SECONDS: Final = 0.25
_AWAY_SECONDS: Final = 1.0
_MAX_SUBJECTS: Final = 50_000
_LIMITED: Final = frozenset({RateClass.AUTH, RateClass.TRADE})
_refused = Counter("cnop_shared_limit_refused", "Requests refused by a limit across replicas", ["group"])
_unshared = Counter("cnop_shared_limit_unshared", "Requests decided without the other replicas", ["group"])

# KEYS: a bucket each. ARGV: the time, then for each bucket the time that one request takes of it, and its size in such
# times (all in microseconds). Gives for each the whole requests that are left, or the time to wait, negative.
_TAKE: Final = """
local now, answers = tonumber(ARGV[1]), {}
for i, key in ipairs(KEYS) do
  local cost, size = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local full_at = math.max(tonumber(redis.call('GET', key) or '0'), now) + cost
  if full_at - now > size then
    answers[i] = -math.ceil(full_at - now - size)
  else
    redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
    answers[i] = math.floor((size - full_at + now) / cost)
  end
end
return answers
"""


GROUP_OF: Final[Mapping[Permission, LimitGroup]] = {
    Permission.REGISTER: LimitGroup.REGISTRATION,
    Permission.LOGIN: LimitGroup.SIGN_IN,
    Permission.RECOVER: LimitGroup.RECOVERY,
    Permission.MANAGE_CREDENTIALS: LimitGroup.CREDENTIALS,
    Permission.DEPOSIT: LimitGroup.CASH,
    Permission.WITHDRAW: LimitGroup.CASH,
    Permission.PLACE_ORDER: LimitGroup.ORDERS,
    Permission.CANCEL_ORDER: LimitGroup.ORDERS,
    Permission.REPLACE_ORDER: LimitGroup.ORDERS,
}


class SharedLimitReached(RateLimited):
    """A client did something more often, at all replicas together, than it may."""

    def __init__(self, group: LimitGroup, allowance: Allowance, *, wait_us: int) -> None:
        seconds = max(1, -(-wait_us // 1_000_000))
        super().__init__(f"too many requests; try again in {seconds} seconds", retry_after_seconds=seconds)
        window = max(1, round(allowance.size_us / 1_000_000))
        self.headers = {
            "RateLimit": f'"{group}";r=0;t={seconds}',
            "RateLimit-Policy": f'"{group}";q={allowance.burst};w={window}',
        }


def group_of(access: Access) -> LimitGroup | None:
    """Return the limit that an endpoint draws from, or None. Raises `UndeclaredAccess` when it should have one."""
    if access.rate not in _LIMITED:
        return None
    group = GROUP_OF.get(access.permission) if access.permission else None
    if group is None:
        raise UndeclaredAccess(f"no shared limit is known for {access.permission} in the rate class {access.rate}")
    return group


def source_of(address: str) -> str:
    """Return what counts as one source: an address, or for IPv6 the /64 that a subscriber commands."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class _Request(NamedTuple):
    key: str
    allowance: Allowance
    answer: "asyncio.Future[int | None]"


class SharedLimits:
    """Counts in Valkey. One call is under way at a time; what is asked meanwhile goes together in the next."""

    def __init__(
        self,
        cache: valkey.Valkey,
        *,
        allowances: Allowances,
        clock: Clock,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._take = cache.register_script(_TAKE)
        self._allowances = allowances
        self._clock = clock
        self._elapsed = elapsed
        self._waiting: list[_Request] = []
        self._sending: asyncio.Task[None] | None = None
        self._away_until = float("-inf")
        self._alone: OrderedDict[str, int] = OrderedDict()

    async def admit(self, group: LimitGroup, subject: str) -> None:
        """Count one request. Raises `SharedLimitReached`, and then nothing was counted."""
        allowance = self._allowances[group]
        left = await self._shared(f"{_PREFIX}{group}:{subject}", allowance)
        if left is None:
            _unshared.labels(group).inc()
            left = 0 if group in FAILS_OPEN else self._count_alone(f"{group}:{subject}", allowance)
        if left < 0:
            _refused.labels(group).inc()
            raise SharedLimitReached(group, allowance, wait_us=-left)

    async def _shared(self, key: str, allowance: Allowance) -> int | None:
        if self._elapsed() < self._away_until:
            return None
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(key, allowance, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return await answer

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                for request, left in zip(batch, await self._ask(batch), strict=True):
                    # Whoever hung up meanwhile waits no more.
                    if not request.answer.done():
                        request.answer.set_result(left)
        finally:
            self._sending = None

    async def _ask(self, batch: Sequence[_Request]) -> Sequence[int | None]:
        if self._elapsed() < self._away_until:
            return [None] * len(batch)
        arguments = [self._now_us()]
        for request in batch:
            arguments += (request.allowance.cost_us, request.allowance.size_us)
        try:
            async with patience(_TIMEOUT_SECONDS):
                found: list[int] = await self._take(keys=[request.key for request in batch], args=arguments)
        except CacheError as error:
            # Whoever asks within the next second is not kept waiting for the same answer.
            self._away_until = self._elapsed() + _AWAY_SECONDS
            _log.warning("shared_limits_away", reason=type(error).__name__)
            return [None] * len(batch)
        return found

    def _count_alone(self, key: str, allowance: Allowance) -> int:
        now = self._now_us()
        full_at = max(self._alone.get(key, 0), now) + allowance.cost_us
        wait = full_at - now - allowance.size_us
        if wait > 0:
            return -wait
        self._alone[key] = full_at
        self._alone.move_to_end(key)
        if len(self._alone) > _MAX_SUBJECTS:
            self._alone.popitem(last=False)
        return 0

    def _now_us(self) -> int:
        return epoch_ms(self._clock.now()) * 1000

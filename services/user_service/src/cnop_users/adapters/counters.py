"""Failure counters: in Valkey for all replicas together, and in this process while Valkey is away."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog
import valkey.asyncio as valkey

from cnop_core.clock import Clock, epoch_ms
from cnop_platform.cache import CacheError
from cnop_platform.patience import patience
from cnop_platform.system import monotonic
from cnop_users.application.ports import (
    ADMITTED,
    ATTEMPT_SECONDS,
    CROWDED,
    NOT_BLOCKED,
    Admission,
    Blocked,
    FailureCounter,
    LimitPolicy,
)

T = TypeVar("T")
_log = structlog.get_logger()
_PREFIX: Final = "cnop:rl:login:"
_MAX_SUBJECTS: Final = 50_000
_MAX_DOUBLINGS: Final = 20
_TIMEOUT_SECONDS: Final = 0.25
_AWAY_SECONDS: Final = 1.0

# One hash a subject, so that each call touches one key: total, blocks, until and ends (ms), m:<member> for what
# forgiving takes back, and a:<attempt> for what is under way, with its last moment (ms). The caller's clock decides, as
# everywhere else; Valkey's own only removes the key afterwards.
# The answer: milliseconds until the end of the block, and 1 when it began just now.
_FAILED: Final = """
local now, failures = tonumber(ARGV[2]), tonumber(ARGV[3])
local seen = redis.call('HMGET', KEYS[1], 'until', 'ends')
if seen[1] and tonumber(seen[1]) > now then return {tonumber(seen[1]) - now, 0} end
if not seen[2] or tonumber(seen[2]) <= now then
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(name, 1, 2) ~= 'a:' then redis.call('HDEL', KEYS[1], name) end
  end
  redis.call('HSET', KEYS[1], 'ends', string.format('%.0f', now + tonumber(ARGV[4]) * 1000))
  redis.call('EXPIRE', KEYS[1], tonumber(ARGV[4]))
end
local times = redis.call('HINCRBY', KEYS[1], 'm:' .. ARGV[1], 1)
if tonumber(ARGV[9]) == 1 and times > 1 then
  redis.call('HSET', KEYS[1], 'm:' .. ARGV[1], 1)
  return {0, 0}
end
if redis.call('HINCRBY', KEYS[1], 'total', 1) < failures then return {0, 0} end
local blocks = redis.call('HINCRBY', KEYS[1], 'blocks', 1)
local seconds = math.min(tonumber(ARGV[5]) * 2 ^ math.min(blocks - 1, 20), tonumber(ARGV[6]))
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(name, 1, 2) == 'm:' then redis.call('HDEL', KEYS[1], name) end
end
redis.call('HSET', KEYS[1],
  'total', tonumber(ARGV[8]) == 1 and failures - 1 or 0,
  'until', string.format('%.0f', now + seconds * 1000),
  'ends', string.format('%.0f', now + (seconds + tonumber(ARGV[7])) * 1000))
redis.call('EXPIRE', KEYS[1], seconds + tonumber(ARGV[7]))
return {seconds * 1000, 1}
"""
# The answer: milliseconds until the end of the block, and 1 when the attempt may begin.
_ADMIT: Final = """
local now, lasting = tonumber(ARGV[2]), tonumber(ARGV[4])
local fields, known, under_way = redis.call('HGETALL', KEYS[1]), {}, 0
for index = 1, #fields, 2 do
  local name, value = fields[index], tonumber(fields[index + 1])
  if string.sub(name, 1, 2) ~= 'a:' then
    known[name] = value
  elseif value > now then
    under_way = under_way + 1
  else
    redis.call('HDEL', KEYS[1], name)
  end
end
if (known['until'] or 0) > now then return {known['until'] - now, 0} end
local total = (known['ends'] or 0) > now and known['total'] or 0
if total + under_way >= tonumber(ARGV[3]) then return {0, 0} end
redis.call('HSET', KEYS[1], 'a:' .. ARGV[1], string.format('%.0f', now + lasting * 1000))
if redis.call('TTL', KEYS[1]) < lasting then redis.call('EXPIRE', KEYS[1], lasting) end
return {0, 1}
"""
_FORGIVE: Final = """
local count = tonumber(redis.call('HGET', KEYS[1], 'm:' .. ARGV[1]) or '0')
if count > 0 then
  redis.call('HDEL', KEYS[1], 'm:' .. ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'total', -count)
end
return count
"""


class ValkeyCounter:
    """Counts in Valkey; each step is one script, so that no failure is lost between reading and writing."""

    def __init__(self, cache: valkey.Valkey, *, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._failed = cache.register_script(_FAILED)
        self._admit = cache.register_script(_ADMIT)
        self._forgive = cache.register_script(_FORGIVE)

    async def blocked_for(self, policy: LimitPolicy, subject: str) -> int:
        """See `FailureCounter.blocked_for`."""
        until = await self._cache.hget(_key(policy, subject), "until")  # type: ignore[misc]  # the client is the async one
        return _seconds(int(until) - epoch_ms(self._clock.now())) if until else 0

    async def failed(self, policy: LimitPolicy, subject: str, *, member: str) -> Blocked:
        """See `FailureCounter.failed`."""
        arguments: list[str | int] = [
            member,
            epoch_ms(self._clock.now()),
            policy.failures,
            policy.window_seconds,
            policy.block_seconds,
            policy.longest_block_seconds,
            policy.memory_seconds,
            int(policy.relapse),
            int(policy.distinct),
        ]
        left_ms, just_now = await self._failed(keys=[_key(policy, subject)], args=arguments)
        return Blocked(_seconds(int(left_ms)), just_now=bool(just_now))

    async def admit(self, policy: LimitPolicy, subject: str, *, attempt: str) -> Admission:
        """See `FailureCounter.admit`."""
        arguments: list[str | int] = [attempt, epoch_ms(self._clock.now()), policy.failures, ATTEMPT_SECONDS]
        left_ms, admitted = await self._admit(keys=[_key(policy, subject)], args=arguments)
        return ADMITTED if admitted else _refusal(int(left_ms))

    async def release(self, policy: LimitPolicy, subject: str, *, attempt: str) -> None:
        """See `FailureCounter.release`."""
        await self._cache.hdel(_key(policy, subject), f"a:{attempt}")  # type: ignore[misc]  # the client is the async one

    async def forgive(self, policy: LimitPolicy, subject: str, *, member: str) -> None:
        """See `FailureCounter.forgive`."""
        await self._forgive(keys=[_key(policy, subject)], args=[member])


@dataclass(slots=True)
class _Tally:
    ends_ms: int
    total: int = 0
    blocks: int = 0
    until_ms: int = 0
    members: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    """Those under way, and their last moment in milliseconds."""


class LocalCounter:
    """Counts in this process, for the subjects seen last."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    async def blocked_for(self, policy: LimitPolicy, subject: str) -> int:
        """See `FailureCounter.blocked_for`."""
        tally = self._tallies.get(_key(policy, subject))
        return _seconds(tally.until_ms - epoch_ms(self._clock.now())) if tally else 0

    async def failed(self, policy: LimitPolicy, subject: str, *, member: str) -> Blocked:
        """See `FailureCounter.failed`."""
        now = epoch_ms(self._clock.now())
        tally = self._tally(policy, subject, now)
        if tally.until_ms > now:
            return Blocked(_seconds(tally.until_ms - now))
        if policy.distinct and member in tally.members:
            return NOT_BLOCKED
        tally.total += 1
        tally.members[member] = tally.members.get(member, 0) + 1
        return NOT_BLOCKED if tally.total < policy.failures else _block(tally, policy, now)

    async def admit(self, policy: LimitPolicy, subject: str, *, attempt: str) -> Admission:
        """See `FailureCounter.admit`."""
        now = epoch_ms(self._clock.now())
        tally = self._tally(policy, subject, now)
        if tally.until_ms > now:
            return _refusal(tally.until_ms - now)
        tally.attempts = {name: ends_ms for name, ends_ms in tally.attempts.items() if ends_ms > now}
        if tally.total + len(tally.attempts) >= policy.failures:
            return CROWDED
        tally.attempts[attempt] = now + ATTEMPT_SECONDS * 1000
        return ADMITTED

    async def release(self, policy: LimitPolicy, subject: str, *, attempt: str) -> None:
        """See `FailureCounter.release`."""
        tally = self._tallies.get(_key(policy, subject))
        if tally is not None:
            tally.attempts.pop(attempt, None)

    async def forgive(self, policy: LimitPolicy, subject: str, *, member: str) -> None:
        """See `FailureCounter.forgive`."""
        tally = self._tallies.get(_key(policy, subject))
        if tally is not None:
            tally.total -= tally.members.pop(member, 0)

    def _tally(self, policy: LimitPolicy, subject: str, now: int) -> _Tally:
        key = _key(policy, subject)
        tally = self._tallies.get(key)
        if tally is None or tally.ends_ms <= now:
            under_way = tally.attempts if tally else {}
            tally = self._tallies[key] = _Tally(ends_ms=now + policy.window_seconds * 1000, attempts=under_way)
        self._tallies.move_to_end(key)
        if len(self._tallies) > _MAX_SUBJECTS:
            self._tallies.popitem(last=False)
        return tally


def _block(tally: _Tally, policy: LimitPolicy, now: int) -> Blocked:
    tally.blocks += 1
    doublings = min(tally.blocks - 1, _MAX_DOUBLINGS)
    seconds = min(policy.block_seconds << doublings, policy.longest_block_seconds)
    tally.members.clear()
    tally.total = policy.failures - 1 if policy.relapse else 0
    tally.until_ms = now + seconds * 1000
    tally.ends_ms = tally.until_ms + policy.memory_seconds * 1000
    return Blocked(seconds, just_now=True)


class FallbackCounter:
    """Asks the shared counter, and the local one while the shared one is away; a block from either counts.

    Away is also who does not answer in a quarter of a second. For a second after that nobody asks again, so that a
    sign-in with its many questions does not wait for each.
    """

    def __init__(
        self, *, shared: FailureCounter, local: FailureCounter, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self._shared = shared
        self._local = local
        self._elapsed = elapsed
        self._away_until = float("-inf")

    async def blocked_for(self, policy: LimitPolicy, subject: str) -> int:
        """See `FailureCounter.blocked_for`."""
        locally = await self._local.blocked_for(policy, subject)
        shared = await self._ask(lambda: self._shared.blocked_for(policy, subject))
        return locally if shared is None else max(locally, shared)

    async def failed(self, policy: LimitPolicy, subject: str, *, member: str) -> Blocked:
        """See `FailureCounter.failed`."""
        shared = await self._ask(lambda: self._shared.failed(policy, subject, member=member))
        return await self._local.failed(policy, subject, member=member) if shared is None else shared

    async def admit(self, policy: LimitPolicy, subject: str, *, attempt: str) -> Admission:
        """See `FailureCounter.admit`."""
        seconds = await self._local.blocked_for(policy, subject)
        if seconds:
            return Admission(seconds, blocked=True)
        shared = await self._ask(lambda: self._shared.admit(policy, subject, attempt=attempt))
        return await self._local.admit(policy, subject, attempt=attempt) if shared is None else shared

    async def release(self, policy: LimitPolicy, subject: str, *, attempt: str) -> None:
        """See `FailureCounter.release`."""
        await self._local.release(policy, subject, attempt=attempt)
        await self._ask(lambda: self._shared.release(policy, subject, attempt=attempt))

    async def forgive(self, policy: LimitPolicy, subject: str, *, member: str) -> None:
        """See `FailureCounter.forgive`."""
        await self._local.forgive(policy, subject, member=member)
        await self._ask(lambda: self._shared.forgive(policy, subject, member=member))

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Return what the shared counter answers; None while it is away."""
        if self._elapsed() < self._away_until:
            return None
        try:
            async with patience(_TIMEOUT_SECONDS):
                return await question()
        except CacheError as error:
            self._away_until = self._elapsed() + _AWAY_SECONDS
            _log.warning("login_counter_away", reason=type(error).__name__, instead="this process counts alone")
            return None


def _refusal(left_ms: int) -> Admission:
    """Refuse during a block, of which so much is left, or else because of what is under way."""
    return Admission(_seconds(left_ms), blocked=True) if left_ms > 0 else CROWDED


def _key(policy: LimitPolicy, subject: str) -> str:
    return f"{_PREFIX}{policy.name}:{subject}"


def _seconds(milliseconds: int) -> int:
    return max(0, -(-milliseconds // 1000))

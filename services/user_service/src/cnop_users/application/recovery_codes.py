"""The recovery codes that somebody with a second factor has, sealed under their data key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cnop_core.ids import Entropy
from cnop_platform import strict_json
from cnop_platform.store import Absent, Anything, Condition, Delete, Put, Store, Version
from cnop_users.application import keys
from cnop_users.application.accounts import Person
from cnop_users.domain import recovery_codes

_PURPOSE: Final = "recovery-codes"
_ALWAYS: Final = Anything()


@dataclass(frozen=True, slots=True)
class NewCodes:
    """Codes to show, this once, and the write that keeps them."""

    codes: tuple[str, ...]
    put: Put


@dataclass(frozen=True, slots=True)
class UsedCode:
    """A code that fits: the write that uses it up, and how many are left then."""

    spend: Put
    left: int


class RecoveryCodes:
    """Makes, counts and checks codes; the writes become part of whatever they are for."""

    def __init__(self, *, store: Store, entropy: Entropy) -> None:
        self._store = store
        self._entropy = entropy

    async def count(self, person: Person) -> int:
        """Return how many are left."""
        return len((await self._kept(person))[0])

    def fresh(self, person: Person, condition: Condition = _ALWAYS) -> NewCodes:
        """Return new codes, which become the only ones."""
        codes = recovery_codes.make(self._entropy)
        return NewCodes(codes, self._put(person, [recovery_codes.fingerprint(code) for code in codes], condition))

    async def first(self, person: Person) -> NewCodes | None:
        """Return new codes for somebody who has none left, as long as that holds; None for anybody else."""
        kept, condition = await self._kept(person)
        return None if kept else self.fresh(person, condition)

    async def use(self, person: Person, code: str) -> UsedCode | None:
        """Return what uses a code up; None when it is none of those that are left."""
        kept, condition = await self._kept(person)
        left = recovery_codes.without(kept, code)
        return None if left is None else UsedCode(self._put(person, left, condition), len(left))

    @staticmethod
    def void(person: Person) -> Delete:
        """Return the write after which there are none."""
        return Delete(keys.recovery_codes_key(person.user.user_id))

    async def _kept(self, person: Person) -> tuple[Sequence[str], Condition]:
        """Return the fingerprints of those that are left, and the condition under which they still are."""
        item = await self._store.get(keys.recovery_codes_key(person.user.user_id))
        if item is None:
            return (), Absent()
        kept: list[Any] = strict_json.loads(person.data_key.open(_PURPOSE, str(item.body["sealed"])))
        return [str(each) for each in kept], Version(item.version)

    def _put(self, person: Person, fingerprints: Sequence[str], condition: Condition) -> Put:
        sealed = person.data_key.seal(_PURPOSE, strict_json.dumps(list(fingerprints)))
        return Put(keys.recovery_codes_key(person.user.user_id), {"sealed": sealed}, condition)

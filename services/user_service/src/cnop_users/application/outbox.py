"""Letters are stored in the transaction that causes them, and sent afterwards, at least once.

A stored letter is sealed under its recipient's data key: it holds an address and often a token. Its sort key is when
it is due. Who takes it first moves it into the future, which claims it and schedules the next try in one step.
"""

from dataclasses import asdict
from typing import Any, Final, Protocol

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import Entropy, UserId, ulid
from cnop_platform import strict_json
from cnop_platform.store import Absent, Body, ConditionFailed, Delete, Item, Key, Put, Store, Version
from cnop_users.application import keys
from cnop_users.application.ports import CannotOpen, DataKey, Vault
from cnop_users.domain.mail import Letter, Letterhead, LetterKind, Message, compose

_PARTITION: Final = "OUTBOX"
_PURPOSE: Final = "letter"
_KEPT_SECONDS: Final = 3 * 86_400
_FIRST_RETRY_SECONDS: Final = 60
_LONGEST_RETRY_SECONDS: Final = 6 * 3_600
_MOST_TRIES: Final = 12
_BATCH: Final = 20
_DIGITS: Final = 15


class Mailer(Protocol):
    """Hands messages to a mail system."""

    async def send(self, message: Message) -> None:
        """Send one message. Raises `MailRefused` when it cannot ever be, anything else when it may be later."""
        ...


class MailRefused(Exception):
    """The mail system will never take this message."""


class Outbox:
    """Writes letters into the store."""

    def __init__(self, *, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    def put(self, user_id: UserId, data_key: DataKey, letter: Letter) -> Put:
        """Return the write that has a letter sent, to be part of the transaction that it reports."""
        now = self._clock.now()
        body: Body = {"user_id": user_id, "sealed": data_key.seal(_PURPOSE, _letter_text(letter)), "tries": 0}
        key = _due_key(epoch_ms(now), ulid(now=now, entropy=self._entropy))
        return Put(key, body, Absent(), expires_at=int(now.timestamp()) + _KEPT_SECONDS)


class Postman:
    """Sends what is due. Any number of replicas may do so at once."""

    def __init__(self, *, store: Store, vault: Vault, mailer: Mailer, letterhead: Letterhead, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._mailer = mailer
        self._letterhead = letterhead
        self._clock = clock

    async def round(self) -> int:
        """Try to send every letter that is due; return how many were sent."""
        end = _due_key(epoch_ms(self._clock.now()), "~").sk
        page = await self._store.query(_PARTITION, end=end, limit=_BATCH)
        return sum([await self._deliver(item) for item in page.items])

    async def _deliver(self, item: Item) -> bool:
        claimed = await self._claim(item)
        if claimed is None:
            return False
        try:
            letter = await self._open(item)
            if letter is not None:
                await self._mailer.send(compose(letter, self._letterhead))
        except MailRefused:
            letter = None
        except (OSError, CannotOpen):
            return False
        await self._store.transact([Delete(claimed)])
        return letter is not None

    async def _claim(self, item: Item) -> Key | None:
        """Move the letter to its next try; None when another replica was faster or it was tried often enough."""
        tries = int(str(item.body["tries"])) + 1
        wait = min(_FIRST_RETRY_SECONDS << (tries - 1), _LONGEST_RETRY_SECONDS)
        key = _due_key(epoch_ms(self._clock.now()) + wait * 1000, item.key.sk.partition("#")[2])
        moved = Put(key, {**item.body, "tries": tries}, Absent(), expires_at=item.expires_at)
        gone = Delete(item.key, Version(item.version))
        try:
            await self._store.transact([gone, moved] if tries <= _MOST_TRIES else [gone])
        except ConditionFailed:
            return None
        return key if tries <= _MOST_TRIES else None

    async def _open(self, item: Item) -> Letter | None:
        """Return the letter; None when its recipient was erased meanwhile."""
        user_id = UserId(str(item.body["user_id"]))
        wrapped = await self._store.get(keys.data_key_key(user_id))
        if wrapped is None:
            return None
        data_key = await self._vault.unlock(user_id, wrapped.body)
        return _letter_from_text(data_key.open(_PURPOSE, str(item.body["sealed"])))


def _due_key(due_ms: int, letter_id: str) -> Key:
    return Key(_PARTITION, f"{due_ms:0{_DIGITS}}#{letter_id}")


def _letter_text(letter: Letter) -> str:
    return strict_json.dumps(asdict(letter))


def _letter_from_text(text: str) -> Letter:
    values: dict[str, Any] = strict_json.loads(text)
    return Letter(LetterKind(values["kind"]), values["to"], values["values"])

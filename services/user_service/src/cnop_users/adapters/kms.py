"""A master key in AWS KMS: it never leaves there, and every use of it is in CloudTrail.

botocore blocks, so each call runs in a small pool of threads. What was unwrapped is remembered for a few minutes,
because a call costs milliseconds; it is opened for those only who may read it anyhow.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from cnop_core.errors import Unavailable
from cnop_core.ids import UserId
from cnop_platform.store import Body
from cnop_platform.system import monotonic
from cnop_users.adapters.vault import MasterKeys
from cnop_users.application.ports import CannotOpen

_THREADS: Final = 8
_REMEMBERED_SECONDS: Final = 300
_REMEMBERED_KEYS: Final = 10_000
_ID_PREFIX: Final = "kms:"
# KMS read the request and says no, today and tomorrow.
_FINAL: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "NotFoundException"})


class KeyServiceAway(Unavailable):
    """KMS did not answer, or may not be used at the moment."""


class KmsMasterKeys:
    """Wraps data keys by KMS. `older` still opens what other master keys have wrapped, until it is wrapped anew."""

    def __init__(
        self, keys: list[str], *, older: MasterKeys | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        """Take ids, ARNs or aliases of KMS keys; the first one wraps, the others still unwrap."""
        self._names = keys
        self._older = older
        self._clock = clock
        self._arns: list[str] = []
        self._client: Any = None
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kms")
        self._connecting = asyncio.Lock()
        self._known: OrderedDict[tuple[UserId, str], tuple[bytes, float]] = OrderedDict()

    async def current_id(self) -> str:
        """See `MasterKeys.current_id`."""
        return _ID_PREFIX + (await self._keys())[0]

    async def wrap(self, user_id: UserId, secret: bytes) -> Body:
        """See `MasterKeys.wrap`. Raises `KeyServiceAway`."""
        arn = (await self._keys())[0]
        answer = await self._call("encrypt", KeyId=arn, Plaintext=secret, EncryptionContext=_context(user_id))
        wrapped = base64.urlsafe_b64encode(answer["CiphertextBlob"]).decode()
        self._remember(user_id, wrapped, secret)
        return {"master_key_id": _ID_PREFIX + arn, "wrapped": wrapped}

    async def unwrap(self, user_id: UserId, wrapped: Body) -> bytes:
        """See `MasterKeys.unwrap`. Raises `KeyServiceAway` too."""
        key_id, text = str(wrapped["master_key_id"]), str(wrapped["wrapped"])
        if not key_id.startswith(_ID_PREFIX):
            if self._older is None:
                raise CannotOpen("the master key of this data key is not configured")
            return await self._older.unwrap(user_id, wrapped)
        known = self._known.get((user_id, text))
        if known is not None and self._clock() < known[1]:
            return known[0]
        secret = await self._decrypt(user_id, key_id.removeprefix(_ID_PREFIX), text)
        self._remember(user_id, text, secret)
        return secret

    async def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _decrypt(self, user_id: UserId, arn: str, text: str) -> bytes:
        # Only keys of ours: whoever can write to the store could name one of their own.
        if arn not in await self._keys():
            raise CannotOpen("the master key of this data key is not configured")
        try:
            sealed = base64.urlsafe_b64decode(text)
        except ValueError:
            raise CannotOpen("the wrapped data key is no base64url text") from None
        answer = await self._call("decrypt", KeyId=arn, CiphertextBlob=sealed, EncryptionContext=_context(user_id))
        return bytes(answer["Plaintext"])

    async def _keys(self) -> list[str]:
        """Return the keys' ARNs: where an alias points to may change, and what it wrapped stays under the old key."""
        async with self._connecting:
            if not self._arns:
                found = [await self._call("describe_key", KeyId=name) for name in self._names]
                self._arns = [str(each["KeyMetadata"]["Arn"]) for each in found]
        return self._arns

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            work = partial(self._call_in_thread, operation, arguments)
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if operation == "decrypt" and code in _FINAL:
                raise CannotOpen("sealed data was changed or belongs elsewhere") from None
            raise KeyServiceAway(f"KMS refuses: {code}") from error
        except BotoCoreError as error:
            raise KeyServiceAway("KMS does not answer") from error

    def _call_in_thread(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._client is None:
            self._client = _connect()
        answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        return answer

    def _remember(self, user_id: UserId, text: str, secret: bytes) -> None:
        self._known[user_id, text] = (secret, self._clock() + _REMEMBERED_SECONDS)
        if len(self._known) > _REMEMBERED_KEYS:
            self._known.popitem(last=False)


def _connect() -> Any:
    """Return a client with the region, credentials and endpoint that the environment gives it."""
    bounds = Config(
        connect_timeout=1,
        read_timeout=2,
        max_pool_connections=_THREADS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return Session().create_client("kms", config=bounds)


def _context(user_id: UserId) -> dict[str, str]:
    """Return what KMS binds the wrapped key to, and writes into its own log."""
    return {"purpose": "cnop data key", "user": user_id}

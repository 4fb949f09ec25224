"""Items that are one signed JSON text: a stranger to the key can neither write nor alter nor move one unnoticed."""

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.domain.errors import InvariantViolated
from cnop_platform.store import Condition, Item, Key, Put

_T = TypeVar("_T")
_render: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class CorruptItem(InvariantViolated):
    """A stored item is not one that was signed with a key of this ledger, or not one that this version can read."""


def signed_put(
    key: Key, content: object, keys: ChainKeys, condition: Condition, *, index: Key | None = None
) -> tuple[Put, str]:
    """Return the write that stores `content`, signed, and its MAC."""
    text = _render(content)
    mac = keys.sign(key, text)
    return Put(key, {"data": text, "key": keys.signing_id, "mac": mac}, condition, index=index), mac


def read_signed(item: Item, keys: ChainKeys, build: Callable[[Any], _T], *, what: str) -> _T:
    """Return what `build` makes of the content. Raises `CorruptItem`, also when `build` does not understand it."""
    try:
        return build(_content(item, keys))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptItem(f"{what} was not written by this ledger ({error}); run the ledger verification") from error


def _content(item: Item, keys: ChainKeys) -> Any:
    text = item.body["data"]
    if not isinstance(text, str) or not keys.verifies(
        item.key, text, key_id=item.body.get("key"), mac=item.body.get("mac")
    ):
        raise ValueError("no valid signature")
    return json.loads(text)

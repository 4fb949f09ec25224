"""Publishes prices over Valkey: a message to all listeners, and a key for whoever connects between two of them."""

from collections.abc import Collection
from typing import Final

import valkey.asyncio as valkey

from cnop_platform import strict_json
from cnop_platform.cache import CacheError
from cnop_platform.prices import LATEST_KEY, PRICE_CHANNEL, Quote, encode_quotes

_LATEST_SECONDS: Final = 60


class ValkeyOutlet:
    """`PriceOutlet` over Valkey."""

    def __init__(self, cache: valkey.Valkey) -> None:
        self._cache = cache

    async def publish(self, *, changed: Collection[Quote], latest: Collection[Quote]) -> bool:
        """See `PriceOutlet.publish`."""
        try:
            async with self._cache.pipeline(transaction=False) as pipeline:
                pipeline.set(LATEST_KEY, strict_json.dumps(encode_quotes(latest)), ex=_LATEST_SECONDS)
                pipeline.publish(PRICE_CHANNEL, strict_json.dumps(encode_quotes(changed)))
                await pipeline.execute()
        except CacheError:
            return False
        return True

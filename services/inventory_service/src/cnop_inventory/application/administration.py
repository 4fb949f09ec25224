"""Operators list assets and change them; each change and its audit record are one transaction."""

from typing import Final

from cnop_core.clock import Clock
from cnop_core.errors import Conflict
from cnop_core.ids import AssetId, UserId
from cnop_inventory.domain.assets import AssetChange, AssetDraft, AssetExists, change_asset, changed_fields, list_asset
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.catalogue import PARTITION, Asset, Catalogue, UnknownAsset, asset_from_item, asset_put
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, ConditionFailed, Key, Store, Version

_ATTEMPTS: Final = 5
_CREATED: Final = "asset_listed"
_UPDATED: Final = "asset_changed"


class Administration:
    """Writes the catalogue."""

    def __init__(self, *, store: Store, catalogue: Catalogue, audit: AuditTrail, clock: Clock) -> None:
        self._store = store
        self._catalogue = catalogue
        self._audit = audit
        self._clock = clock

    async def list_asset(self, draft: AssetDraft, *, actor: UserId, context: RequestContext) -> Asset:
        """List a new asset. Raises `InvalidAsset`, `AssetExists`."""
        asset = list_asset(draft, now=self._clock.now())
        event = _event(_CREATED, asset.asset_id, "", actor=actor, context=context)
        try:
            await self._store.transact([asset_put(asset, condition=Absent()), self._audit.record_put(event)])
        except ConditionFailed:
            raise AssetExists(f"{asset.asset_id} is listed already") from None
        await self._catalogue.refresh()
        return asset

    async def change_asset(
        self, asset_id: AssetId, change: AssetChange, *, actor: UserId, context: RequestContext
    ) -> Asset:
        """Change a listed asset. Raises `UnknownAsset`, `ScaleImmutable`, `InvalidAsset`."""
        for _ in range(_ATTEMPTS):
            before = await self._read(asset_id)
            after = change_asset(before, change, now=self._clock.now())
            fields = changed_fields(before, after)
            if not fields:
                return before
            event = _event(_UPDATED, asset_id, ",".join(fields), actor=actor, context=context)
            writes = [asset_put(after, condition=Version(before.version)), self._audit.record_put(event)]
            try:
                await self._store.transact(writes)
            except ConditionFailed:
                continue
            await self._catalogue.refresh()
            return after
        raise Conflict(f"{asset_id} is being changed by others; read it again")

    async def _read(self, asset_id: AssetId) -> Asset:
        item = await self._store.get(Key(PARTITION, asset_id))
        if item is None:
            raise UnknownAsset(f"there is no asset {asset_id}")
        return asset_from_item(item)


def _event(activity: str, asset_id: AssetId, fields: str, *, actor: UserId, context: RequestContext) -> AuditEvent:
    return AuditEvent(
        activity=activity,
        succeeded=True,
        actor=actor,
        severity=Severity.LOW,
        context=context,
        details={"asset_id": asset_id, "fields": fields},
    )

import type { AssetPage } from '@/shared/api/types';
import type { PriceTick } from './price-stream';

const isNewer = (left: string, right: string): boolean => Date.parse(left) > Date.parse(right);

/** The page with the ticks that are newer than its prices; the same object when none is. */
export function withTicks(page: AssetPage, ticks: readonly PriceTick[]): AssetPage {
  const byId = new Map(ticks.map((tick) => [tick.asset_id, tick]));
  const data = page.data.map((asset) => {
    const tick = byId.get(asset.asset_id);
    if (tick === undefined || !isNewer(tick.last_updated, asset.last_updated)) return asset;
    return { ...asset, price_usd: tick.price_usd, last_updated: tick.last_updated };
  });
  return data.some((asset, index) => asset !== page.data[index]) ? { ...page, data } : page;
}

/** A freshly fetched page that never falls behind the prices shown already. */
export function withoutFallingBack(fetched: AssetPage, shown: AssetPage | undefined): AssetPage {
  if (shown === undefined) return fetched;
  const ticks = shown.data.flatMap(({ asset_id, price_usd, last_updated }) => (price_usd === null ? [] : [{ asset_id, price_usd, last_updated }]));
  return withTicks(fetched, ticks);
}

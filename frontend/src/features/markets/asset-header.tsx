import { useState } from 'react';
import type { Asset } from '@/shared/api/types';
import { formatCompactMoney, formatPrice } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { PercentChange, PriceChange } from '@/shared/ui/change';
import { ChevronDownIcon } from '@/shared/ui/icons';
import { LivePrice } from '@/shared/ui/live-price';
import { MarketFinder } from './market-finder';

/** The day's figures of an asset, as far as the price feed has them. */
function DayFigures({ asset }: { asset: Asset }) {
  const figures = [
    ['24 h high', asset.high_24h, formatPrice],
    ['24 h low', asset.low_24h, formatPrice],
    ['Volume 24 h', asset.total_volume_24h, formatCompactMoney],
    ['Market cap', asset.market_cap, formatCompactMoney],
  ] as const;
  return (
    <dl className="flex w-full flex-wrap justify-between gap-x-4 gap-y-2 sm:w-auto sm:justify-start sm:gap-x-8">
      <div>
        <dt className="text-xs text-muted">24 h change</dt>
        <dd className="num text-sm font-medium">
          <PriceChange change={asset.price_change_24h} price={asset.price_usd} /> <PercentChange percent={asset.price_change_percentage_24h} />
        </dd>
      </div>
      {figures.map(
        ([name, figure, format]) =>
          figure !== null && (
            <div key={name}>
              <dt className="text-xs text-muted">{name}</dt>
              <dd className="num text-sm font-medium">{format(figure)}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** Name, live price and the day's figures of an asset, and the way to another. */
export function AssetHeader({ asset }: { asset: Asset }) {
  const [finding, setFinding] = useState(false);
  return (
    <div className="flex flex-wrap items-center gap-x-10 gap-y-4">
      <div className="flex items-center gap-3">
        <AssetMark symbol={asset.symbol} size="size-11" />
        <div>
          <div className="flex items-center gap-1">
            <h1 className="text-lg font-semibold">
              {asset.name} <span className="font-normal text-muted">{asset.symbol}</span>
            </h1>
            <button type="button" aria-label="Switch market" className="rounded-md p-1 text-muted hover:bg-sunken hover:text-text" onClick={() => { setFinding(true); }}>
              <ChevronDownIcon />
            </button>
          </div>
          <p>
            <span className="sr-only">Price</span>
            <LivePrice price={asset.price_usd} className="text-xl font-semibold" />
          </p>
        </div>
      </div>
      <DayFigures asset={asset} />
      <MarketFinder open={finding} onOpenChange={setFinding} />
    </div>
  );
}

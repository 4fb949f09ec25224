import type { Asset } from '@/shared/api/types';
import { formatCompactMoney, formatPrice } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { PercentChange } from '@/shared/ui/change';
import { LivePrice } from '@/shared/ui/live-price';

/** Name, live price and the day's figures of an asset. */
export function AssetHeader({ asset }: { asset: Asset }) {
  const figures = [
    ['24 h high', asset.high_24h, formatPrice],
    ['24 h low', asset.low_24h, formatPrice],
    ['Volume 24 h', asset.total_volume_24h, formatCompactMoney],
    ['Market cap', asset.market_cap, formatCompactMoney],
  ] as const;
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-8 gap-y-4">
      <div className="flex items-center gap-3">
        <AssetMark symbol={asset.symbol} size="size-11" />
        <div>
          <h1 className="text-lg font-semibold">
            {asset.name} <span className="font-normal text-muted">{asset.symbol}</span>
          </h1>
          <p className="flex items-baseline gap-2.5">
            <span className="sr-only">Price</span>
            <LivePrice price={asset.price_usd} className="text-xl font-semibold" />
            <span className="text-sm">
              <PercentChange percent={asset.price_change_percentage_24h} /> <span className="text-muted">24 h</span>
            </span>
          </p>
        </div>
      </div>
      <dl className="grid w-full grid-cols-2 gap-x-8 gap-y-2 sm:flex sm:w-auto">
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
    </div>
  );
}

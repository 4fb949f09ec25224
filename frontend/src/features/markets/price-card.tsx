import { lazy, Suspense, useState } from 'react';
import type { Asset } from '@/shared/api/types';
import { formatPrice } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { Segmented } from '@/shared/ui/segmented';
import { FailedState, Skeleton } from '@/shared/ui/states';
import { type Bar, type Interval, INTERVALS, secondsOf, stepsOf, useCandles, withTick } from './candles';
import { ChartLevels } from './chart-levels';
import { areAlike, type ChartLine, nearestLines } from './chart-line';

const PriceChart = lazy(() => import('./price-chart'));

const CHOICES = INTERVALS.map(([name, spoken]) => [name, name, spoken] as const);

const NO_BARS: readonly Bar[] = [];
const NO_LINES: readonly ChartLine[] = [];

interface Running {
  readonly series: string;
  readonly price: number | null;
  readonly bar: Bar | null;
}

/** The bar that live prices move, restarted when the asset, interval or history changes. */
function useRunningBar(asset: Asset, interval: Interval, bars: readonly Bar[] | undefined): Bar | null {
  const series = `${asset.asset_id} ${interval} ${bars?.at(-1)?.time ?? 'none'}`;
  const [running, setRunning] = useState<Running>({ series: '', price: null, bar: null });
  if (bars === undefined) return null;
  if (running.series === series && running.price === asset.price_usd) return running.bar;
  const last = running.series === series && running.bar !== null ? running.bar : bars.at(-1);
  const now = Math.floor(Date.parse(asset.last_updated) / 1000);
  const bar = asset.price_usd === null ? (last ?? null) : withTick(last, asset.price_usd, now, secondsOf(interval));
  setRunning({ series, price: asset.price_usd, bar });
  return bar;
}

/** The levels next to the price; the same array as long as they are the same, so that they are not drawn anew at every tick. */
function useNearest(lines: readonly ChartLine[], price: number | null): readonly ChartLine[] {
  const [kept, keep] = useState(NO_LINES);
  const near = nearestLines(lines, price);
  if (areAlike(kept, near)) return kept;
  keep(near);
  return near;
}

interface PriceCardProps {
  asset: Asset;
  /** Levels to be marked, such as one's open orders. */
  lines?: readonly ChartLine[];
}

/** The price over time, with the live price as its last bar. */
export function PriceCard({ asset, lines = NO_LINES }: PriceCardProps) {
  const [interval, setInterval] = useState<Interval>('1m');
  const candles = useCandles(asset.asset_id, interval);
  const running = useRunningBar(asset, interval, candles.data);
  const near = useNearest(lines, asset.price_usd);
  const label = `${asset.name} price chart, ${interval} candles, now ${formatPrice(asset.price_usd)}`;
  return (
    <Card title="Price" action={<Segmented label="Chart interval" size="sm" value={interval} options={CHOICES} onChange={setInterval} />}>
      <div className="relative h-72 p-2 sm:h-96 2xl:h-[30rem]">
        {candles.error !== null && candles.data === undefined ? (
          <FailedState error={candles.error} onRetry={() => void candles.refetch()} />
        ) : candles.data === undefined ? (
          <Skeleton className="h-full w-full" />
        ) : (
          <Suspense fallback={<Skeleton className="h-full w-full" />}>
            <PriceChart key={asset.asset_id} label={label} bars={candles.data.length === 0 ? NO_BARS : candles.data} running={running} lines={near} steps={stepsOf(interval)} />
          </Suspense>
        )}
      </div>
      {near.length > 0 && <ChartLevels lines={near} count={lines.length} />}
      {candles.data?.length === 0 && <p className="border-t border-line px-4 py-2.5 text-sm text-muted sm:px-5">No history is kept for this asset yet: the chart grows while you watch.</p>}
    </Card>
  );
}

import { useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { isNotFound } from '@/shared/api/problem';
import type { Candle } from '@/shared/api/types';
import { useApi } from '@/shared/services';
import type { Steps } from '@/shared/ui/chart-time';

export const INTERVALS = [
  ['1m', '1 min', 60],
  ['5m', '5 min', 300],
  ['1h', '1 hour', 3_600],
  ['1d', '1 day', 86_400],
] as const;

export type Interval = (typeof INTERVALS)[number][0];

/** A bar to draw. Times are seconds since 1970; figures are for drawing only, never for money. */
export interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export const secondsOf = (interval: Interval): number => INTERVALS.find(([name]) => name === interval)?.[2] ?? 60;

export const stepsOf = (interval: Interval): Steps => (interval === '1d' ? 'days' : interval === '1h' ? 'hours' : 'minutes');

function toBar(candle: Candle): Bar {
  return {
    time: Math.floor(new Date(candle.time).getTime() / 1000),
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
  };
}

/** Past bars of an asset, oldest first; empty when the server keeps none. */
export function useCandles(assetId: string, interval: Interval) {
  const api = useApi();
  return useQuery({
    queryKey: keys.candles(assetId, interval),
    queryFn: async ({ signal }) => {
      try {
        const page = await unwrap(api.GET('/api/v1/inventory/assets/{asset_id}/prices', { params: { path: { asset_id: assetId }, query: { interval } }, signal }));
        return page.data.map(toBar).sort((left, right) => left.time - right.time);
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

const DAY_HOURS = 24;
const CLOSES_STALE_MS = 10 * 60_000;

/** The closing prices of the last day's hours, oldest first; nobody is asked before they are wanted, nor again for ten minutes. */
export function useDayOfCloses(assetId: string, wanted: boolean): readonly number[] | undefined {
  const api = useApi();
  const candles = useQuery({
    queryKey: keys.candles(assetId, 'day'),
    queryFn: async ({ signal }) => {
      const query = { interval: '1h' as const, start: new Date(Date.now() - DAY_HOURS * 3_600_000).toISOString() };
      const page = await unwrap(api.GET('/api/v1/inventory/assets/{asset_id}/prices', { params: { path: { asset_id: assetId }, query }, signal }));
      return page.data.map(toBar).sort((left, right) => left.time - right.time).map((bar) => bar.close);
    },
    enabled: wanted,
    staleTime: CLOSES_STALE_MS,
    refetchInterval: CLOSES_STALE_MS,
    retry: false,
  });
  return candles.data;
}

/** The bar that a price at this moment belongs to: the last one moved on, or a new one. */
export function withTick(last: Bar | undefined, price: number, nowSeconds: number, intervalSeconds: number): Bar {
  const time = nowSeconds - (nowSeconds % intervalSeconds);
  if (last === undefined || last.time < time) {
    const open = last?.close ?? price;
    return { time, open, high: Math.max(open, price), low: Math.min(open, price), close: price };
  }
  return { ...last, high: Math.max(last.high, price), low: Math.min(last.low, price), close: price };
}

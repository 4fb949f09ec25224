import { useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { History, HistoryPeriod } from '@/shared/api/types';
import { useApi, useIsCustomer } from '@/shared/services';

export const PERIODS: readonly (readonly [HistoryPeriod, string, string])[] = [
  ['1d', '1D', '1 day'],
  ['1w', '1W', '1 week'],
  ['1m', '1M', '1 month'],
  ['1y', '1Y', '1 year'],
];

/** A point to draw: seconds since 1970, and dollars for drawing only. */
export interface ChartPoint {
  readonly time: number;
  readonly value: number;
}

const INTERVAL_MS = 60_000;

/** The points to draw, oldest first, one per second at most, as the chart demands. */
export function pointsOf(history: History): ChartPoint[] {
  const bySecond = new Map(history.data.map((point) => [Math.floor(Date.parse(point.timestamp) / 1000), Number(point.total_portfolio_value)]));
  return [...bySecond].map(([time, value]) => ({ time, value })).sort((left, right) => left.time - right.time);
}

/** Whether there is anything to see: an account that never held a cent has no history worth drawing. */
export const hasHistory = (points: readonly ChartPoint[]): boolean => points.length > 1 && points.some(({ value }) => value > 0);

export function usePortfolioHistory(period: HistoryPeriod) {
  const api = useApi();
  return useQuery({
    queryKey: keys.history(period),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/portfolio/history', { params: { query: { period } }, signal })),
    select: pointsOf,
    enabled: useIsCustomer(),
    staleTime: INTERVAL_MS,
    refetchInterval: INTERVAL_MS,
  });
}

import { lazy, Suspense, useState } from 'react';
import type { HistoryPeriod } from '@/shared/api/types';
import { formatMoney } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { Segmented } from '@/shared/ui/segmented';
import { EmptyState, FailedState, Skeleton } from '@/shared/ui/states';
import { hasHistory, PERIODS, usePortfolioHistory } from './history';

const ValueChart = lazy(() => import('./value-chart'));

function Chart({ period }: { period: HistoryPeriod }) {
  const history = usePortfolioHistory(period);
  const loading = <Skeleton className="h-full w-full" />;
  if (history.data === undefined) return history.error === null ? loading : <FailedState error={history.error} onRetry={() => void history.refetch()} />;
  if (!hasHistory(history.data)) {
    return (
      <div className="flex h-full items-center justify-center">
        <EmptyState title="Nothing to draw yet">What your cash and assets are worth appears here from its first minutes on.</EmptyState>
      </div>
    );
  }
  const spoken = PERIODS.find(([value]) => value === period)?.[2] ?? period;
  const latest = formatMoney(String(history.data.at(-1)?.value ?? 0));
  return (
    <Suspense fallback={loading}>
      <ValueChart points={history.data} label={`Portfolio value over ${spoken}, now ${latest}`} />
    </Suspense>
  );
}

/** What cash and assets together were worth over time. */
export function ValueHistory() {
  const [period, setPeriod] = useState<HistoryPeriod>('1d');
  return (
    <Card title="Value history" action={<Segmented label="Period" size="sm" value={period} options={PERIODS} onChange={setPeriod} />}>
      <div className="relative h-56 p-2 sm:h-72">
        <Chart period={period} />
      </div>
    </Card>
  );
}

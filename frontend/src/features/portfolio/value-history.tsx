import { lazy, Suspense } from 'react';
import type { HistoryPeriod } from '@/shared/api/types';
import { formatMoney } from '@/shared/money/format';
import { EmptyState, FailedState, Skeleton } from '@/shared/ui/states';
import { hasHistory, PERIODS, usePortfolioHistory } from './history';

const ValueChart = lazy(() => import('./value-chart'));

/** What cash and assets together were worth over a period; as high as what it stands in. */
export function ValueHistory({ period }: { period: HistoryPeriod }) {
  const history = usePortfolioHistory(period);
  const loading = <Skeleton className="absolute inset-2 h-auto w-auto" />;
  if (history.data === undefined) return history.error === null ? loading : <FailedState error={history.error} onRetry={() => void history.refetch()} />;
  if (!hasHistory(history.data)) {
    return (
      <div className="absolute inset-0 flex items-center justify-center">
        <EmptyState title="Nothing to draw yet">What your cash and assets are worth appears here from its first minutes on.</EmptyState>
      </div>
    );
  }
  const spoken = PERIODS.find(([value]) => value === period)?.[2] ?? period;
  const latest = formatMoney(String(history.data.at(-1)?.value ?? 0));
  return (
    <Suspense fallback={loading}>
      <div className="absolute inset-2">
        <ValueChart points={history.data} label={`Portfolio value over ${spoken}, now ${latest}`} />
      </div>
    </Suspense>
  );
}

import { type ReactNode, useState } from 'react';
import { usePortfolio } from '@/shared/api/queries';
import type { HistoryPeriod, Portfolio } from '@/shared/api/types';
import { formatMoney } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { Gain } from '@/shared/ui/change';
import { Segmented } from '@/shared/ui/segmented';
import { FailedState, Skeleton } from '@/shared/ui/states';
import { PERIODS } from './history';
import { totalGain } from './shares';
import { ValueHistory } from './value-history';

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="num mt-0.5 font-medium">{children}</dd>
    </div>
  );
}

/** The sum of everything, and what it is made of. */
function Figures({ portfolio }: { portfolio: Portfolio | undefined }) {
  const gain = portfolio === undefined ? null : totalGain(portfolio);
  const waiting = portfolio === undefined ? <Skeleton className="h-6 w-24" /> : null;
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-10 gap-y-4 p-4 sm:px-5">
      {portfolio === undefined ? <Skeleton className="h-11 w-56" /> : <p className="num text-3xl font-semibold tracking-tight">{formatMoney(portfolio.total_portfolio_value)}</p>}
      <dl className="flex flex-wrap gap-x-10 gap-y-3">
        <Figure name="Assets">{waiting ?? formatMoney(portfolio?.total_asset_value)}</Figure>
        <Figure name="Cash">{waiting ?? formatMoney(portfolio?.usd_balance)}</Figure>
        <Figure name="Unrealized gain">{waiting ?? <Gain amount={gain?.amount} percent={gain?.percent} />}</Figure>
      </dl>
    </div>
  );
}

/** What everything is worth at live prices, and was worth over time. */
export function PortfolioValue() {
  const portfolio = usePortfolio();
  const [period, setPeriod] = useState<HistoryPeriod>('1d');
  if (portfolio.data === undefined && portfolio.error !== null) {
    return (
      <Card title="Portfolio value">
        <FailedState error={portfolio.error} onRetry={() => void portfolio.refetch()} />
      </Card>
    );
  }
  const unpriced = portfolio.data?.assets.some((position) => position.current_price === null) ?? false;
  return (
    <Card title="Portfolio value" className="flex flex-col" action={<Segmented label="Period" size="sm" value={period} options={PERIODS} onChange={setPeriod} />}>
      <Figures portfolio={portfolio.data} />
      {unpriced && <p className="px-4 pb-3 text-sm text-warning sm:px-5">Some assets have no price at the moment and are left out of these figures.</p>}
      <div className="relative min-h-60 flex-1 px-2 pb-2 sm:min-h-72">
        <ValueHistory period={period} />
      </div>
    </Card>
  );
}

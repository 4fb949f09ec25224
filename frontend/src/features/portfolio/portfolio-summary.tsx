import type { ReactNode } from 'react';
import { usePortfolio } from '@/shared/api/queries';
import type { Portfolio } from '@/shared/api/types';
import { add, type Decimal, parseDecimal, toText, ZERO } from '@/shared/money/decimal';
import { formatMoney } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { MoneyChange } from '@/shared/ui/change';
import { FailedState, Skeleton } from '@/shared/ui/states';

/** Gains and losses of all positions that have a price; null when none has. */
export function totalGain(portfolio: Portfolio): string | null {
  const known = portfolio.assets
    .map((position) => (position.unrealized_pnl == null ? null : parseDecimal(position.unrealized_pnl)))
    .filter((gain): gain is Decimal => gain !== null);
  return known.length === 0 ? null : toText(known.reduce(add, ZERO));
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="num mt-0.5 font-medium">{children}</dd>
    </div>
  );
}

/** What everything is worth at live prices. */
export function PortfolioSummary() {
  const portfolio = usePortfolio();
  if (portfolio.data === undefined && portfolio.error !== null) {
    return (
      <Card title="Portfolio value">
        <FailedState error={portfolio.error} onRetry={() => void portfolio.refetch()} />
      </Card>
    );
  }
  const { data } = portfolio;
  const unpriced = data?.assets.some((position) => position.current_price === null) ?? false;
  return (
    <Card title="Portfolio value">
      <div className="p-4 sm:p-5">
        {data === undefined ? <Skeleton className="h-11 w-56" /> : <p className="num text-3xl font-semibold tracking-tight">{formatMoney(data.total_portfolio_value)}</p>}
        <dl className="mt-5 grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3">
          <Figure name="Assets">{data === undefined ? <Skeleton className="h-6 w-24" /> : formatMoney(data.total_asset_value)}</Figure>
          <Figure name="Cash">{data === undefined ? <Skeleton className="h-6 w-24" /> : formatMoney(data.usd_balance)}</Figure>
          <Figure name="Unrealized gain">{data === undefined ? <Skeleton className="h-6 w-24" /> : <MoneyChange amount={totalGain(data)} />}</Figure>
        </dl>
        {unpriced && <p className="mt-4 text-sm text-warning">Some assets have no price at the moment and are left out of these figures.</p>}
      </div>
    </Card>
  );
}

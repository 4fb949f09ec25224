import { Allocation } from '@/features/portfolio/allocation';
import { PortfolioSummary } from '@/features/portfolio/portfolio-summary';
import { Positions } from '@/features/portfolio/positions';
import { ValueHistory } from '@/features/portfolio/value-history';
import { CashCard } from '@/features/wallet/cash-card';
import { PageTitle } from './page-title';

export function DashboardPage() {
  return (
    <>
      <PageTitle title="Dashboard" />
      <div className="grid gap-4 lg:grid-cols-3 lg:gap-6">
        <div className="grid lg:col-span-2">
          <PortfolioSummary />
        </div>
        <CashCard />
        <div className="min-w-0 lg:col-span-2">
          <ValueHistory />
        </div>
        <Allocation />
        <div className="lg:col-span-3">
          <Positions />
        </div>
      </div>
    </>
  );
}

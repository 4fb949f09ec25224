import { Allocation } from '@/features/portfolio/allocation';
import { PortfolioValue } from '@/features/portfolio/portfolio-value';
import { Positions } from '@/features/portfolio/positions';
import { CashCard } from '@/features/wallet/cash-card';
import { PageTitle } from './page-title';

export function DashboardPage() {
  return (
    <>
      <PageTitle title="Dashboard" />
      <div className="grid gap-4 lg:grid-cols-3 lg:gap-6">
        <div className="grid min-w-0 lg:col-span-2">
          <PortfolioValue />
        </div>
        <div className="grid gap-4 lg:grid-rows-[auto_1fr] lg:gap-6">
          <CashCard />
          <Allocation />
        </div>
        <div className="min-w-0 lg:col-span-3">
          <Positions />
        </div>
      </div>
    </>
  );
}

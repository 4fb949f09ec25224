import { PortfolioSummary } from '@/features/portfolio/portfolio-summary';
import { Positions } from '@/features/portfolio/positions';
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
        <div className="lg:col-span-3">
          <Positions />
        </div>
      </div>
    </>
  );
}

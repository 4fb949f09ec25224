import { usePortfolio } from '@/shared/api/queries';
import { formatMoney, formatPercent } from '@/shared/money/format';
import { toText } from '@/shared/money/decimal';
import { Card } from '@/shared/ui/card';
import { EmptyState, Skeleton } from '@/shared/ui/states';
import { sharesOf } from './shares';

const MOST = 7;
const FILLS = ['bg-chart-1', 'bg-chart-2', 'bg-chart-3', 'bg-chart-4', 'bg-chart-5', 'bg-chart-6', 'bg-chart-7'] as const;
const fillOf = (index: number): string => FILLS[index % FILLS.length] ?? FILLS[0];

/** How everything owned is divided, cash included. */
export function Allocation() {
  const portfolio = usePortfolio();
  if (portfolio.data === undefined) {
    return (
      <Card title="Allocation">
        <div className="min-h-52 space-y-4 p-4 sm:p-5">
          <Skeleton className="h-3 w-full rounded-full" />
          <Skeleton className="h-4 w-2/3" />
          <Skeleton className="h-4 w-1/2" />
        </div>
      </Card>
    );
  }
  const shares = sharesOf(portfolio.data, MOST);
  return (
    <Card title="Allocation" className="flex flex-col">
      {shares.length === 0 ? (
        <div className="flex flex-1 items-center justify-center">
          <EmptyState title="Nothing to divide yet">Your cash and assets appear here by their share.</EmptyState>
        </div>
      ) : (
        <div className="p-4 sm:p-5">
          <div aria-hidden="true" className="flex h-3 gap-0.5 overflow-hidden rounded-full">
            {shares.map(({ name, percent }, index) => (
              <span key={name} className={`min-w-1 forced-color-adjust-none ${fillOf(index)}`} style={{ flexGrow: Number(toText(percent)) }} />
            ))}
          </div>
          <ul aria-label="Shares" className="mt-4 space-y-2.5 text-sm">
            {shares.map(({ name, value, percent }, index) => (
              <li key={name} className="flex items-center gap-2.5">
                <span aria-hidden="true" className={`size-2.5 rounded-full forced-color-adjust-none ${fillOf(index)}`} />
                <span className="font-medium">{name}</span>
                <span className="num ml-auto text-muted">{formatMoney(value)}</span>
                <span className="num w-16 text-right font-medium">{formatPercent(percent, { sign: false })}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

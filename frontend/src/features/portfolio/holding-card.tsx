import { usePortfolio } from '@/shared/api/queries';
import { useIsCustomer } from '@/shared/services';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { MoneyChange } from '@/shared/ui/change';

/** One's own position in an asset, where there is one. */
export function HoldingCard({ assetId }: { assetId: string }) {
  const portfolio = usePortfolio();
  const isCustomer = useIsCustomer();
  const position = portfolio.data?.assets.find((candidate) => candidate.asset_id === assetId);
  if (!isCustomer || position === undefined) return null;
  const figures = [
    ['Quantity', `${formatQuantity(position.quantity)} ${assetId}`],
    ['Value', formatMoney(position.market_value)],
    ['Average cost', formatPrice(position.average_cost)],
  ] as const;
  return (
    <Card title="Your position">
      <dl className="grid grid-cols-2 gap-4 p-4 sm:grid-cols-4 sm:p-5">
        {figures.map(([name, figure]) => (
          <div key={name}>
            <dt className="text-sm text-muted">{name}</dt>
            <dd className="num mt-0.5 font-medium">{figure}</dd>
          </div>
        ))}
        <div>
          <dt className="text-sm text-muted">Unrealized gain</dt>
          <dd className="mt-0.5 font-medium">
            <MoneyChange amount={position.unrealized_pnl} />
          </dd>
        </div>
      </dl>
    </Card>
  );
}

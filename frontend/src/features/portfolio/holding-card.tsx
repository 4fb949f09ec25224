import { usePortfolio } from '@/shared/api/queries';
import { useIsCustomer } from '@/shared/services';
import { isPositive, parseDecimal, ZERO } from '@/shared/money/decimal';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { Card } from '@/shared/ui/card';
import { Gain } from '@/shared/ui/change';
import { gainPercent } from './shares';

const isHeld = (held: string): boolean => isPositive(parseDecimal(held) ?? ZERO);

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
    <Card title="Your position" action={isHeld(position.held) && <span className="num text-sm text-muted">{formatQuantity(position.held)} held by open orders</span>}>
      <dl className="grid grid-cols-2 gap-4 p-4 sm:grid-cols-4 sm:p-5 lg:grid-cols-2">
        {figures.map(([name, figure]) => (
          <div key={name}>
            <dt className="text-sm text-muted">{name}</dt>
            <dd className="num mt-0.5 font-medium">{figure}</dd>
          </div>
        ))}
        <div>
          <dt className="text-sm text-muted">Unrealized gain</dt>
          <dd className="mt-0.5 font-medium">
            <Gain amount={position.unrealized_pnl} percent={gainPercent(position)} />
          </dd>
        </div>
      </dl>
    </Card>
  );
}

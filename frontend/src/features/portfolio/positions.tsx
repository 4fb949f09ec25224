import { Link } from '@tanstack/react-router';
import { useAssets, usePortfolio } from '@/shared/api/queries';
import type { Position } from '@/shared/api/types';
import { formatMoney, formatPercent, formatPrice, formatQuantity } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Gain } from '@/shared/ui/change';
import { LivePrice } from '@/shared/ui/live-price';
import { EmptyState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { byWorth, gainPercent } from './shares';

function useAssetNames(): (assetId: string) => string {
  const assets = useAssets();
  return (assetId) => assets.data?.find((asset) => asset.asset_id === assetId)?.name ?? assetId;
}

function PositionRow({ position, name }: { position: Position; name: string }) {
  return (
    <tr className={`relative ${ROW}`}>
      <Cell>
        {/* The link covers its row, so that the whole row can be pressed. */}
        <Link to="/markets/$assetId" params={{ assetId: position.asset_id }} className="flex items-center gap-3 rounded-md outline-offset-4 after:absolute after:inset-0">
          <AssetMark symbol={position.asset_id} />
          <span className="min-w-0">
            <span className="block truncate font-medium">{name}</span>
            <span className="num block text-sm text-muted">
              {formatQuantity(position.quantity)} {position.asset_id}
            </span>
          </span>
        </Link>
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        <LivePrice price={position.current_price} />
      </Cell>
      <Cell align="right" className="hidden text-muted lg:table-cell">
        {formatPrice(position.average_cost)}
      </Cell>
      <Cell align="right" className="hidden text-muted lg:table-cell">
        {formatPercent(position.percentage, { sign: false })}
      </Cell>
      <Cell align="right">
        <span className="block font-medium">{formatMoney(position.market_value)}</span>
        <span className="block text-sm sm:hidden">
          <Gain amount={position.unrealized_pnl} percent={gainPercent(position)} />
        </span>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        <Gain amount={position.unrealized_pnl} percent={gainPercent(position)} />
      </Cell>
    </tr>
  );
}

/** What is owned, with its value, share and gain. */
export function Positions() {
  const portfolio = usePortfolio();
  const nameOf = useAssetNames();
  if (portfolio.data === undefined) {
    return portfolio.error === null ? (
      <Card title="Positions">
        <LoadingRows rows={3} label="Loading positions" />
      </Card>
    ) : null;
  }
  const positions = byWorth(portfolio.data.assets);
  return (
    <Card title="Positions">
      {positions.length === 0 ? (
        <EmptyState
          title="You hold no assets yet"
          action={
            <Button asChild variant="primary" size="sm">
              <Link to="/markets">Browse markets</Link>
            </Button>
          }
        >
          Deposit cash, then choose something to buy.
        </EmptyState>
      ) : (
        <Table label="Positions">
          <thead>
            <tr>
              <Head>Asset</Head>
              <Head align="right" className="hidden md:table-cell">
                Price
              </Head>
              <Head align="right" className="hidden lg:table-cell">
                Average cost
              </Head>
              <Head align="right" className="hidden lg:table-cell">
                Share of assets
              </Head>
              <Head align="right">Value</Head>
              <Head align="right" className="hidden sm:table-cell">
                Unrealized gain
              </Head>
            </tr>
          </thead>
          <tbody>
            {positions.map((position) => (
              <PositionRow key={position.asset_id} position={position} name={nameOf(position.asset_id)} />
            ))}
          </tbody>
        </Table>
      )}
    </Card>
  );
}

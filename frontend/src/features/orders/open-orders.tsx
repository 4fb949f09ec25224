import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAssets } from '@/shared/api/queries';
import type { Order } from '@/shared/api/types';
import { formatLimit, formatMoney, formatPercent, formatQuantity } from '@/shared/money/format';
import { endOf, isBuy, nameOfType } from '@/shared/orders/wording';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { classes } from '@/shared/ui/classes';
import { CloseIcon, EditIcon } from '@/shared/ui/icons';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { distanceFrom, totalOf } from './new-terms';
import { type OrderAct, OrderActDialog } from './open-order-dialogs';
import { type OrderChange, useChangesOnTheirWay, useOpenOrders } from './open-order-actions';

interface OpenOrderRowProps {
  order: Order;
  /** Of the asset now, where it is known. */
  price: number | null;
  /** What is being done to it just now. */
  change: OrderChange | undefined;
  onAct: (act: OrderAct) => void;
}

function OpenOrderRow({ order, price, change, onAct }: OpenOrderRowProps) {
  const what = `${nameOfType(order.order_type).toLowerCase()} of ${formatQuantity(order.quantity)} ${order.asset_id}`;
  return (
    <tr className={classes(ROW, change !== undefined && 'text-muted')} aria-busy={change !== undefined}>
      <Cell>
        <Link to="/markets/$assetId" params={{ assetId: order.asset_id }} className="inline-block rounded-md font-medium">
          <span className={isBuy(order) ? 'text-positive' : 'text-negative'}>{nameOfType(order.order_type)}</span> {order.asset_id}
        </Link>
        <p className="num text-sm text-muted sm:hidden">
          {formatQuantity(order.quantity)} at {formatLimit(order.limit_price)}
        </p>
        <p className="text-sm text-muted">{endOf(order)}</p>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatQuantity(order.quantity)}
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatLimit(order.limit_price)}
      </Cell>
      <Cell align="right" className="hidden text-muted lg:table-cell">
        {formatPercent(distanceFrom(price, order))}
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {formatMoney(totalOf(order, order.limit_price ?? '', order.quantity))}
      </Cell>
      <Cell align="right" className="sm:w-px print:hidden">
        {change === undefined ? (
          <span className="inline-flex gap-1.5">
            <Button size="sm" aria-label={`Change ${what}`} onClick={() => { onAct({ kind: 'replace', order }); }}>
              <EditIcon /> <span className="hidden lg:inline">Change</span>
            </Button>
            <Button size="sm" aria-label={`Cancel ${what}`} onClick={() => { onAct({ kind: 'cancel', order }); }}>
              <CloseIcon /> <span className="hidden lg:inline">Cancel</span>
            </Button>
          </span>
        ) : (
          <span role="status" className="text-sm whitespace-nowrap">{change === 'cancel' ? 'Cancelling…' : 'Changing…'}</span>
        )}
      </Cell>
    </tr>
  );
}

function OpenOrderTable({ orders, onAct }: { orders: readonly Order[]; onAct: (act: OrderAct) => void }) {
  const changes = useChangesOnTheirWay();
  const assets = useAssets().data;
  const priceOf = (assetId: string) => assets?.find((asset) => asset.asset_id === assetId)?.price_usd ?? null;
  return (
    <Table label="Open orders">
      <thead>
        <tr>
          <Head>Order</Head>
          <Head align="right" className="hidden sm:table-cell">
            Quantity
          </Head>
          <Head align="right" className="hidden sm:table-cell">
            Limit price
          </Head>
          <Head align="right" className="hidden lg:table-cell">
            From market
          </Head>
          <Head align="right" className="hidden md:table-cell">
            Total
          </Head>
          <Head align="right" className="print:hidden">
            <span className="sr-only">Actions</span>
          </Head>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <OpenOrderRow key={order.order_id} order={order} price={priceOf(order.asset_id)} change={changes.get(order.order_id)} onAct={onAct} />
        ))}
      </tbody>
    </Table>
  );
}

/** So many are shown at once; beyond that, whoever has more wants what is below them, too. */
const FIRST = 10;

/** The orders, of many only the newest until all are asked for. */
function OrdersInParts({ orders, onAct }: { orders: readonly Order[]; onAct: (act: OrderAct) => void }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <OpenOrderTable orders={all ? orders : orders.slice(0, FIRST)} onAct={onAct} />
      {orders.length > FIRST && (
        <div className="border-t border-line p-3 text-center print:hidden">
          <Button size="sm" aria-expanded={all} onClick={() => { setAll(!all); }}>
            {all ? 'Show fewer' : `Show all ${orders.length}`}
          </Button>
        </div>
      )}
    </>
  );
}

interface OpenOrdersProps {
  /** Only those of this asset. */
  assetId?: string;
}

/** The limit orders that wait for their price, each to be changed or cancelled. */
export function OpenOrders({ assetId }: OpenOrdersProps) {
  const orders = useOpenOrders(assetId);
  const [act, setAct] = useState<OrderAct | null>(null);
  return (
    <Card title="Open orders" action={orders.data !== undefined && orders.data.length > 0 && <span className="num text-sm text-muted">{orders.data.length}</span>}>
      {orders.data === undefined ? (
        orders.error === null ? <LoadingRows rows={2} label="Loading open orders" /> : <FailedState error={orders.error} onRetry={() => void orders.refetch()} />
      ) : orders.data.length === 0 ? (
        <p className="px-4 py-5 text-sm text-muted sm:px-5">Nothing is waiting for its price. Limit orders stay here until they fill, end or are cancelled.</p>
      ) : (
        <OrdersInParts orders={orders.data} onAct={setAct} />
      )}
      <OrderActDialog act={act} onClose={() => { setAct(null); }} />
    </Card>
  );
}

import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Order } from '@/shared/api/types';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { isBuy, nameOfType } from '@/shared/orders/wording';
import { formatDateTime } from '@/shared/time';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { classes } from '@/shared/ui/classes';
import { CloseIcon, EditIcon } from '@/shared/ui/icons';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { totalOf } from './new-terms';
import { type OrderAct, OrderActDialog } from './open-order-dialogs';
import { type OrderChange, useChangesOnTheirWay, useOpenOrders } from './open-order-actions';

const endOf = (order: Order): string => (order.expires_at === null ? 'Until cancelled' : `Until ${formatDateTime(order.expires_at)}`);

interface OpenOrderRowProps {
  order: Order;
  /** What is being done to it just now. */
  change: OrderChange | undefined;
  onAct: (act: OrderAct) => void;
}

function OpenOrderRow({ order, change, onAct }: OpenOrderRowProps) {
  const what = `${nameOfType(order.order_type).toLowerCase()} of ${formatQuantity(order.quantity)} ${order.asset_id}`;
  return (
    <tr className={classes(ROW, change !== undefined && 'text-muted')} aria-busy={change !== undefined}>
      <Cell>
        <Link to="/markets/$assetId" params={{ assetId: order.asset_id }} className="rounded-md font-medium">
          <span className={isBuy(order) ? 'text-positive' : 'text-negative'}>{nameOfType(order.order_type)}</span> {order.asset_id}
        </Link>
        <p className="num text-sm text-muted sm:hidden">
          {formatQuantity(order.quantity)} at {formatPrice(order.limit_price)}
        </p>
        <p className="text-sm text-muted">{endOf(order)}</p>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatQuantity(order.quantity)}
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatPrice(order.limit_price)}
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {formatMoney(totalOf(order, order.limit_price ?? '', order.quantity))}
      </Cell>
      <Cell align="right" className="sm:w-px">
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
          <Head align="right" className="hidden md:table-cell">
            Total
          </Head>
          <Head align="right">
            <span className="sr-only">Actions</span>
          </Head>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <OpenOrderRow key={order.order_id} order={order} change={changes.get(order.order_id)} onAct={onAct} />
        ))}
      </tbody>
    </Table>
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
        <OpenOrderTable orders={orders.data} onAct={setAct} />
      )}
      <OrderActDialog act={act} onClose={() => { setAct(null); }} />
    </Card>
  );
}

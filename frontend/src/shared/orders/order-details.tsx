import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Order } from '@/shared/api/types';
import { formatLimit, formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { CopyButton } from '@/shared/ui/copy-button';
import { Dialog } from '@/shared/ui/dialog';
import { endOf, nameOfStatus, nameOfType, toneOfStatus } from './wording';

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4 py-2">
      <dt className="shrink-0 text-muted">{name}</dt>
      <dd className="num min-w-0 text-right font-medium">{children}</dd>
    </div>
  );
}

function Facts({ order }: { order: Order }) {
  const filled = order.status === 'completed';
  return (
    <dl className="divide-y divide-line text-sm">
      <Line name="Status">
        <Badge tone={toneOfStatus(order.status)}>{nameOfStatus(order.status)}</Badge>
      </Line>
      <Line name="Quantity">
        {formatQuantity(order.quantity)} {order.asset_id}
      </Line>
      {order.limit_price !== null && <Line name="Limit price">{formatLimit(order.limit_price)}</Line>}
      {order.limit_price !== null && <Line name="Time in force">{endOf(order)}</Line>}
      {filled && <Line name="Filled at">{formatPrice(order.executed_price)}</Line>}
      {filled && <Line name="Total">{formatMoney(order.total_amount)}</Line>}
      {filled && <Line name="Fee">{formatMoney(order.fee)}</Line>}
      <Line name="Placed">{formatDateTime(order.created_at, { seconds: true })}</Line>
      {order.completed_at !== null && <Line name={filled ? 'Filled' : 'Closed'}>{formatDateTime(order.completed_at, { seconds: true })}</Line>}
      {order.client_order_id !== null && <Line name="Your reference">{order.client_order_id}</Line>}
      <Line name="Order id">
        <span className="inline-flex items-center gap-1">
          <code className="font-mono text-xs font-normal break-all">{order.order_id}</code>
          <CopyButton what="order id" text={order.order_id} />
        </span>
      </Line>
    </dl>
  );
}

/** Everything there is to know about an order; closed when there is none. */
export function OrderDetails({ order, onClose }: { order: Order | null; onClose: () => void }) {
  return (
    <Dialog
      open={order !== null}
      title={order === null ? '' : `${nameOfType(order.order_type)} of ${order.asset_id}`}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      {order !== null && (
        <div className="space-y-4">
          <Facts order={order} />
          <Button asChild className="w-full">
            <Link to="/markets/$assetId" params={{ assetId: order.asset_id }}>
              Go to the {order.asset_id} market
            </Link>
          </Button>
        </div>
      )}
    </Dialog>
  );
}

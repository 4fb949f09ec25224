import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { useAssets } from '@/shared/api/queries';
import type { Order } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { formatLimit, formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { OrderDetails } from '@/shared/orders/order-details';
import { isBuy, isOrderType, isStatus, nameOfStatus, nameOfType, type OrderFilter, STATUSES, toneOfStatus, TYPES } from '@/shared/orders/wording';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { AssetMark } from '@/shared/ui/asset-mark';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Pager } from '@/shared/ui/pager';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { totalOf } from './new-terms';

const PAGE_SIZE = 25;

function useOrders({ type, status, asset }: OrderFilter) {
  const api = useApi();
  return usePages<Order>({
    queryKey: [...keys.orders, type ?? '', status ?? '', asset ?? ''],
    load: async (cursor, signal) => {
      const query = {
        limit: PAGE_SIZE,
        ...(cursor === null ? {} : { cursor }),
        ...(type === undefined ? {} : { order_type: type }),
        ...(status === undefined ? {} : { status }),
        ...(asset === undefined ? {} : { asset_id: asset }),
      };
      const page = await unwrap(api.GET('/api/v1/orders', { params: { query }, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
}

/** An order that waits has no total yet, only what its limit would come to. */
function Total({ order }: { order: Order }) {
  if (order.status !== 'pending') return <span className="block font-medium">{formatMoney(order.total_amount)}</span>;
  return <span className="block text-muted">{formatMoney(totalOf(order, order.limit_price ?? '', order.quantity))}</span>;
}

function OrderRow({ order, onOpen }: { order: Order; onOpen: () => void }) {
  return (
    <tr className={`relative ${ROW}`}>
      <Cell>
        {/* The button covers its row, so that the whole row can be pressed. */}
        <button type="button" aria-haspopup="dialog" className="flex items-center gap-3 rounded-md text-left outline-offset-4 after:absolute after:inset-0" onClick={onOpen}>
          <span className="hidden sm:block">
            <AssetMark symbol={order.asset_id} />
          </span>
          <span className="min-w-0">
            <span className="block font-medium">
              <span className={isBuy(order) ? 'text-positive' : 'text-negative'}>{nameOfType(order.order_type)}</span> <span className="num sm:hidden">{formatQuantity(order.quantity)}</span> {order.asset_id}
            </span>
            <span className="block text-sm text-muted">{formatDateTime(order.created_at)}</span>
          </span>
        </button>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatQuantity(order.quantity)}
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {order.status === 'completed' ? formatPrice(order.price) : formatLimit(order.price)}
      </Cell>
      <Cell align="right" className="hidden lg:table-cell">
        {formatMoney(order.fee)}
      </Cell>
      <Cell align="right">
        <Total order={order} />
        <span className="mt-0.5 block md:hidden">
          <Badge tone={toneOfStatus(order.status)}>{nameOfStatus(order.status)}</Badge>
        </span>
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        <Badge tone={toneOfStatus(order.status)}>{nameOfStatus(order.status)}</Badge>
      </Cell>
    </tr>
  );
}

function OrderTable({ orders, onOpen }: { orders: readonly Order[]; onOpen: (order: Order) => void }) {
  return (
    <Table label="Orders">
      <thead>
        <tr>
          <Head>Order</Head>
          <Head align="right" className="hidden sm:table-cell">
            Quantity
          </Head>
          <Head align="right" className="hidden md:table-cell">
            Price
          </Head>
          <Head align="right" className="hidden lg:table-cell">
            Fee
          </Head>
          <Head align="right">Total</Head>
          <Head align="right" className="hidden md:table-cell">
            Status
          </Head>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <OrderRow key={order.order_id} order={order} onOpen={() => { onOpen(order); }} />
        ))}
      </tbody>
    </Table>
  );
}

function NoOrders({ filtered }: { filtered: boolean }) {
  if (filtered) return <EmptyState title="No orders match">Choose another asset, type or status.</EmptyState>;
  const action = (
    <Button asChild variant="primary" size="sm">
      <Link to="/markets">Browse markets</Link>
    </Button>
  );
  return (
    <EmptyState title="No orders yet" action={action}>
      What you buy and sell appears here, newest first.
    </EmptyState>
  );
}

interface OrderHistoryProps {
  filter: OrderFilter;
  onFilter: (filter: OrderFilter) => void;
}

/** Every order, newest first, page by page. */
export function OrderHistory({ filter, onFilter }: OrderHistoryProps) {
  const { rows, error, retry, pager } = useOrders(filter);
  const [opened, setOpened] = useState<Order | null>(null);
  const assets = useAssets().data ?? [];
  const filtered = filter.type !== undefined || filter.status !== undefined || filter.asset !== undefined;
  return (
    <Card title="History">
      <div role="search" className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:flex sm:px-5">
        <Select
          label="Asset"
          className="col-span-2 sm:w-56"
          value={filter.asset ?? ''}
          options={[['', 'All assets'], ...assets.map((asset) => [asset.asset_id, `${asset.name} (${asset.symbol})`] as const)]}
          onChoose={(asset) => { onFilter({ ...filter, asset: asset === '' ? undefined : asset }); }}
        />
        <Select label="Order type" className="sm:w-44" value={filter.type ?? ''} options={[['', 'All types'], ...TYPES]} onChoose={(type) => { onFilter({ ...filter, type: isOrderType(type) ? type : undefined }); }} />
        <Select label="Order status" className="sm:w-44" value={filter.status ?? ''} options={[['', 'All statuses'], ...STATUSES]} onChoose={(status) => { onFilter({ ...filter, status: isStatus(status) ? status : undefined }); }} />
      </div>
      {rows === undefined ? (
        error === null ? <LoadingRows label="Loading orders" /> : <FailedState error={error} onRetry={retry} />
      ) : rows.length === 0 ? (
        <NoOrders filtered={filtered} />
      ) : (
        <>
          <OrderTable orders={rows} onOpen={setOpened} />
          <Pager label="Orders" {...pager} />
        </>
      )}
      <OrderDetails order={opened} onClose={() => { setOpened(null); }} />
    </Card>
  );
}

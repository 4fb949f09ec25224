import { useState } from 'react';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { isNotFound } from '@/shared/api/problem';
import type { Order } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { formatLimit, formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { OrderDetails } from '@/shared/orders/order-details';
import { isBuy, nameOfStatus, nameOfType, toneOfStatus } from '@/shared/orders/wording';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Card } from '@/shared/ui/card';
import { Pager } from '@/shared/ui/pager';
import { SearchForm } from '@/shared/ui/search-form';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';

const PAGE_SIZE = 25;
/** The last characters of an order's id, which two orders hardly share. */
const TELLING = 8;

function useOrdersOf(username: string | undefined) {
  const api = useApi();
  return usePages<Order>({
    queryKey: [...keys.operator, 'orders', username ?? ''],
    load: async (cursor, signal) => {
      const query = { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }), ...(username === undefined ? {} : { username }) };
      const page = await unwrap(api.GET('/api/v1/orders', { params: { query }, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
    enabled: username !== undefined,
  });
}

const priceOf = ({ status, price }: Order): string => (status === 'completed' ? formatPrice(price) : formatLimit(price));

function OrderRow({ order, onOpen }: { order: Order; onOpen: () => void }) {
  return (
    <tr className={`relative ${ROW}`}>
      <Cell>
        {/* The button covers its row, so that the whole row can be pressed. */}
        <button type="button" aria-haspopup="dialog" className="rounded-md text-left outline-offset-4 after:absolute after:inset-0" onClick={onOpen}>
          <span className="block font-medium">
            <span className={isBuy(order) ? 'text-positive' : 'text-negative'}>{nameOfType(order.order_type)}</span> {order.asset_id}
          </span>
          <span className="num block text-sm text-muted md:hidden">
            <span className="sm:hidden">{formatQuantity(order.quantity)}</span> at {priceOf(order)}
          </span>
          <span className="hidden font-mono text-xs text-muted sm:block">{order.order_id}</span>
          <span className="block text-sm text-muted lg:hidden">{formatDateTime(order.created_at)}</span>
        </button>
      </Cell>
      <Cell className="hidden text-muted lg:table-cell">{formatDateTime(order.created_at)}</Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatQuantity(order.quantity)}
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {priceOf(order)}
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatMoney(order.total_amount)}
      </Cell>
      <Cell align="right">
        <Badge tone={toneOfStatus(order.status)}>{nameOfStatus(order.status)}</Badge>
        {/* Its end tells it from others, and is what somebody on the phone reads out. */}
        <span className="mt-1 block font-mono text-xs text-muted sm:hidden">…{order.order_id.slice(-TELLING)}</span>
      </Cell>
    </tr>
  );
}

function Found({ username }: { username: string }) {
  const { rows, error, retry, pager } = useOrdersOf(username);
  const [opened, setOpened] = useState<Order | null>(null);
  if (rows === undefined) {
    if (isNotFound(error)) return <EmptyState title="Nobody has this username">The whole name is needed, in upper or lower case.</EmptyState>;
    return error === null ? <LoadingRows label="Loading orders" /> : <FailedState error={error} onRetry={retry} />;
  }
  if (rows.length === 0) return <EmptyState title={`${username} has no orders`} />;
  return (
    <>
      <Table label={`Orders of ${username}`}>
        <thead>
          <tr>
            <Head>Order</Head>
            <Head className="hidden lg:table-cell">Time</Head>
            <Head align="right" className="hidden sm:table-cell">Quantity</Head>
            <Head align="right" className="hidden md:table-cell">Price</Head>
            <Head align="right" className="hidden sm:table-cell">Total</Head>
            <Head align="right">Status</Head>
          </tr>
        </thead>
        <tbody>
          {rows.map((order) => (
            <OrderRow key={order.order_id} order={order} onOpen={() => { setOpened(order); }} />
          ))}
        </tbody>
      </Table>
      <Pager label="Orders" {...pager} />
      <OrderDetails order={opened} onClose={() => { setOpened(null); }} />
    </>
  );
}

interface StaffOrdersProps {
  username: string | undefined;
  onSearch: (username: string | undefined) => void;
}

/** Somebody's orders, newest first. */
export function StaffOrders({ username, onSearch }: StaffOrdersProps) {
  return (
    <Card title="Orders">
      <div className="flex border-b border-line p-4 sm:px-5">
        <SearchForm label="Username" placeholder="Whole username" value={username ?? ''} onSearch={(text) => { onSearch(text === '' ? undefined : text); }} />
      </div>
      {username === undefined ? <EmptyState title="Whose orders?">Search for a username to see what they ordered.</EmptyState> : <Found username={username} />}
    </Card>
  );
}

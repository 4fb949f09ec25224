import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { isNotFound } from '@/shared/api/problem';
import type { Order } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { nameOfStatus, nameOfType, toneOfStatus } from '@/shared/orders/wording';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Card } from '@/shared/ui/card';
import { Pager } from '@/shared/ui/pager';
import { SearchForm } from '@/shared/ui/search-form';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';

const PAGE_SIZE = 25;

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

function OrderRow({ order }: { order: Order }) {
  return (
    <tr className={ROW}>
      <Cell>
        <p className="font-medium">
          {nameOfType(order.order_type)} {order.asset_id}
        </p>
        <p className="font-mono text-xs break-all text-muted">{order.order_id}</p>
        <p className="text-sm text-muted lg:hidden">{formatDateTime(order.created_at)}</p>
      </Cell>
      <Cell className="hidden text-muted lg:table-cell">{formatDateTime(order.created_at)}</Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatQuantity(order.quantity)}
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {formatPrice(order.price)}
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatMoney(order.total_amount)}
      </Cell>
      <Cell align="right">
        <Badge tone={toneOfStatus(order.status)}>{nameOfStatus(order.status)}</Badge>
      </Cell>
    </tr>
  );
}

function Found({ username }: { username: string }) {
  const { rows, error, retry, pager } = useOrdersOf(username);
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
            <OrderRow key={order.order_id} order={order} />
          ))}
        </tbody>
      </Table>
      <Pager label="Orders" {...pager} />
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

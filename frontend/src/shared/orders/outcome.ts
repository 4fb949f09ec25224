import type { Order } from '@/shared/api/types';
import { formatLimit, formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { formatDateTime } from '@/shared/time';

type Told = Pick<Order, 'order_id' | 'order_type' | 'quantity' | 'price' | 'status' | 'time_in_force' | 'executed_price' | 'total_amount' | 'expires_at'>;

/** What names this turn of an order's life, so that it is told once. */
export const outcomeOf = ({ order_id, status }: Pick<Order, 'order_id' | 'status'>): string => `${order_id} ${status}`;

/** What became of an order, as a sentence for its owner. */
export function sentenceFor(order: Told, symbol: string): string {
  const buy = order.order_type.endsWith('_buy');
  const quantity = `${formatQuantity(order.quantity)} ${symbol}`;
  const intent = `Your order to ${buy ? 'buy' : 'sell'} ${quantity}`;
  switch (order.status) {
    case 'completed':
      return `${buy ? 'Bought' : 'Sold'} ${quantity} at ${formatPrice(order.executed_price ?? order.price)} for ${formatMoney(order.total_amount)}.`;
    case 'pending': {
      const until = order.expires_at === null ? '' : ` until ${formatDateTime(order.expires_at)}`;
      return `${intent} at ${formatLimit(order.price)} is open${until}.`;
    }
    case 'expired':
      return `${intent} at ${formatLimit(order.price)} has expired. Nothing was traded.`;
    case 'cancelled':
      return order.time_in_force === 'IOC' ? `${intent} was not filled: the market did not meet your limit. Nothing was traded.` : `${intent} is cancelled.`;
  }
}

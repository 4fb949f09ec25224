import { useMemo } from 'react';
import type { ChartLine } from '@/features/markets/chart-line';
import { useOpenOrders } from '@/features/orders/open-order-actions';
import { usePortfolio } from '@/shared/api/queries';
import type { Order } from '@/shared/api/types';
import { isPositive, parseDecimal } from '@/shared/money/decimal';
import { formatLimit, formatPrice, formatQuantity } from '@/shared/money/format';
import { isBuy } from '@/shared/orders/wording';

function levelOf(order: Order): ChartLine | null {
  if (order.status !== 'pending' || order.limit_price === null) return null;
  const side = isBuy(order) ? 'buy' : 'sell';
  const title = `${side === 'buy' ? 'Buy' : 'Sell'} ${formatQuantity(order.quantity)}`;
  return { id: order.order_id, price: Number(order.limit_price), priceText: formatLimit(order.limit_price), title, tone: side };
}

/** What is at stake at an asset's prices: the limits of orders that wait, and what its holding cost on average. */
export function levelsOf(orders: readonly Order[], averageCost: string | null): readonly ChartLine[] {
  const limits = orders.map(levelOf).filter((level) => level !== null);
  const cost = averageCost === null ? null : parseDecimal(averageCost);
  if (averageCost === null || cost === null || !isPositive(cost)) return limits;
  return [...limits, { id: 'cost', price: Number(averageCost), priceText: formatPrice(averageCost), title: 'Average cost', tone: 'cost' }];
}

const NO_ORDERS: readonly Order[] = [];

/** The reader's own levels at an asset's prices. */
export function useOwnLevels(assetId: string): readonly ChartLine[] {
  const orders = useOpenOrders(assetId).data ?? NO_ORDERS;
  const cost = usePortfolio().data?.assets.find((position) => position.asset_id === assetId)?.average_cost ?? null;
  return useMemo(() => levelsOf(orders, cost), [orders, cost]);
}

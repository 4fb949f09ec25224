import { useMemo } from 'react';
import type { ChartLine } from '@/features/markets/chart-line';
import { useOpenOrders } from '@/features/orders/open-order-actions';
import { usePortfolio } from '@/shared/api/queries';
import { formatQuantity } from '@/shared/money/format';
import { isBuy } from '@/shared/orders/wording';

/** What the reader has at stake at an asset's prices: the limits of their open orders, and what they paid on average. */
export function useOwnLevels(assetId: string): readonly ChartLine[] {
  const orders = useOpenOrders(assetId).data;
  const cost = usePortfolio().data?.assets.find((position) => position.asset_id === assetId)?.average_cost ?? null;
  return useMemo(() => {
    const limits = (orders ?? []).map((order): ChartLine => {
      const side = isBuy(order) ? 'buy' : 'sell';
      return { price: Number(order.limit_price), title: `${side === 'buy' ? 'Buy' : 'Sell'} ${formatQuantity(order.quantity)}`, tone: side };
    });
    return cost === null ? limits : [...limits, { price: Number(cost), title: 'Average cost', tone: 'cost' }];
  }, [orders, cost]);
}

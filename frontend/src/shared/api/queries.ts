import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { withoutFallingBack } from '@/shared/live/merge-prices';
import { type Services, useApi, useIsCustomer, useServices } from '@/shared/services';
import { unwrap } from './client';
import { keys } from './keys';
import type { AssetPage, Order } from './types';

const PRICE_INTERVAL_MS = 1_000;
/** While prices are streamed, the list is only asked for what the stream does not carry. */
const FIGURES_INTERVAL_MS = 20_000;
const FAILING_INTERVAL_MS = 5_000;
const ACCOUNT_INTERVAL_MS = 5_000;
/** While one's own changes are streamed, cash need not be asked for; the worth of assets follows prices still. */
const STREAMED_INTERVAL_MS = 30_000;
const ASSET_PAGE = 250;

async function loadAssets({ api, queries }: Services, signal: AbortSignal): Promise<AssetPage> {
  const query = { limit: ASSET_PAGE, active_only: true };
  const fetched = await unwrap(api.GET('/api/v1/inventory/assets', { params: { query }, signal }));
  return withoutFallingBack(fetched, queries.getQueryData<AssetPage>(keys.assets));
}

const assetsQuery = (services: Services) =>
  queryOptions({
    queryKey: keys.assets,
    queryFn: ({ signal }) => loadAssets(services, signal),
    refetchInterval: (query) => {
      if (query.state.status === 'error') return FAILING_INTERVAL_MS;
      if (!services.prices.isLive()) return PRICE_INTERVAL_MS;
      // Every tick starts the interval anew, so it is only as long as what is left of it.
      return Math.max(PRICE_INTERVAL_MS, query.state.dataUpdatedAt + FIGURES_INTERVAL_MS - Date.now());
    },
    staleTime: PRICE_INTERVAL_MS,
    retry: false,
  });

/** Every listed asset with its live price. */
export function useAssets() {
  return useQuery({ ...assetsQuery(useServices()), select: (page) => page.data });
}

/** One asset with its live price, out of the same list; null when it is not listed. */
export function useAsset(assetId: string) {
  return useQuery({
    ...assetsQuery(useServices()),
    select: (page) => page.data.find((asset) => asset.asset_id === assetId) ?? null,
  });
}

export function useBalance() {
  const { api, wallet } = useServices();
  return useQuery({
    queryKey: keys.balance,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/balance', { signal })),
    enabled: useIsCustomer(),
    refetchInterval: () => (wallet.isLive() ? STREAMED_INTERVAL_MS : ACCOUNT_INTERVAL_MS),
  });
}

export function usePortfolio() {
  const api = useApi();
  return useQuery({
    queryKey: keys.portfolio,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/portfolio', { signal })),
    enabled: useIsCustomer(),
    refetchInterval: ACCOUNT_INTERVAL_MS,
  });
}

/** Shows an order that rests now in the lists that are to hold it, before they are asked for anew. */
export function showOpenOrder(queries: QueryClient, order: Order): void {
  if (order.status !== 'pending') return;
  const isOfIts = ({ queryKey }: { queryKey: readonly unknown[] }) => ['', order.asset_id].includes(String(queryKey.at(-1)));
  queries.setQueriesData<Order[]>({ queryKey: keys.openOrders, predicate: isOfIts }, (orders) => orders && [order, ...orders.filter(({ order_id }) => order_id !== order.order_id)]);
}

/** To be called after anything that moved money or assets. */
export const refreshAccount = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: keys.account });

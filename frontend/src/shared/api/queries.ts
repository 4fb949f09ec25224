import { keepPreviousData, type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { useApi, useIsSignedIn } from '@/shared/services';
import { type ApiClient, unwrap } from './client';

/** Query keys, all in one place so that whoever changes money knows what to invalidate. */
export const keys = {
  assets: ['assets'],
  candles: (assetId: string, interval: string) => ['candles', assetId, interval],
  account: ['account'],
  balance: ['account', 'balance'],
  portfolio: ['account', 'portfolio'],
  orders: ['account', 'orders'],
  cashTransactions: ['account', 'cash-transactions'],
  assetTransactions: (assetId: string) => ['account', 'asset-transactions', assetId],
} as const;

const PRICE_INTERVAL_MS = 1_000;
const ACCOUNT_INTERVAL_MS = 5_000;
const ASSET_PAGE = 250;

const assetsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: keys.assets,
    queryFn: async ({ signal }) =>
      unwrap(api.GET('/api/v1/inventory/assets', { params: { query: { limit: ASSET_PAGE, active_only: true } }, signal })),
    // A failing server is asked less often than a healthy one.
    refetchInterval: (query) => (query.state.status === 'error' ? 5 * PRICE_INTERVAL_MS : PRICE_INTERVAL_MS),
    staleTime: PRICE_INTERVAL_MS,
    retry: false,
  });

/** Every listed asset with its live price. */
export function useAssets() {
  const api = useApi();
  return useQuery({ ...assetsQuery(api), select: (page) => page.data });
}

/** One asset with its live price, out of the same list; undefined when it is not listed. */
export function useAsset(assetId: string) {
  const api = useApi();
  return useQuery({
    ...assetsQuery(api),
    select: (page) => page.data.find((asset) => asset.asset_id === assetId) ?? null,
  });
}

export function useBalance() {
  const api = useApi();
  return useQuery({
    queryKey: keys.balance,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/balance', { signal })),
    enabled: useIsSignedIn(),
    refetchInterval: ACCOUNT_INTERVAL_MS,
  });
}

export function usePortfolio() {
  const api = useApi();
  return useQuery({
    queryKey: keys.portfolio,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/portfolio', { signal })),
    enabled: useIsSignedIn(),
    refetchInterval: ACCOUNT_INTERVAL_MS,
    placeholderData: keepPreviousData,
  });
}

/** To be called after anything that moved money or assets. */
export const refreshAccount = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: keys.account });

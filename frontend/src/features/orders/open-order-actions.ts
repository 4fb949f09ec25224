import { useMutation, useMutationState, useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { retrySafely } from '@/shared/api/idempotency';
import { keys } from '@/shared/api/keys';
import { refreshAccount } from '@/shared/api/queries';
import { useIsCustomer, useServices } from '@/shared/services';

/** Nobody has more open orders than this, so that one page holds them all. */
const MOST_OPEN = 100;
const INTERVAL_MS = 5_000;
/** While changes are streamed, asking is only a second line. */
const STREAMED_INTERVAL_MS = 30_000;

/** One's open limit orders, newest first; those of one asset where it is named. */
export function useOpenOrders(assetId?: string) {
  const { api, wallet } = useServices();
  return useQuery({
    queryKey: [...keys.openOrders, assetId ?? ''],
    queryFn: async ({ signal }) => {
      const query = { status: 'pending' as const, limit: MOST_OPEN, ...(assetId === undefined ? {} : { asset_id: assetId }) };
      return (await unwrap(api.GET('/api/v1/orders', { params: { query }, signal }))).data;
    },
    enabled: useIsCustomer(),
    refetchInterval: () => (wallet.isLive() ? STREAMED_INTERVAL_MS : INTERVAL_MS),
  });
}

const CHANGE = 'order-change';

/** What is being done to an open order. */
export type OrderChange = 'cancel' | 'replace';

/** The orders that somebody changed or cancelled, and what the server has not answered yet. */
export function useChangesOnTheirWay(): ReadonlyMap<string, OrderChange> {
  const changes = useMutationState({
    filters: { mutationKey: [CHANGE], status: 'pending' },
    select: ({ options, state }) => [(state.variables as CancelRequest).orderId, options.mutationKey?.[1] as OrderChange] as const,
  });
  return new Map(changes);
}

interface CancelRequest {
  readonly orderId: string;
  readonly idempotencyKey: string;
}

export function useCancelOrder() {
  const { api, queries } = useServices();
  return useMutation({
    ...retrySafely,
    mutationKey: [CHANGE, 'cancel' satisfies OrderChange],
    mutationFn: async ({ orderId, idempotencyKey }: CancelRequest) => {
      const params = { path: { order_id: orderId }, header: { 'Idempotency-Key': idempotencyKey } };
      return (await unwrap(api.DELETE('/api/v1/orders/{order_id}', { params }))).data;
    },
    // On its way until the list tells of it, so that no row looks for a moment as if nothing had happened.
    onSettled: () => refreshAccount(queries),
  });
}

/** New terms of an open order, as decimal strings; what is left out stays. */
export interface NewTerms {
  readonly price?: string;
  readonly quantity?: string;
}

interface ReplaceRequest extends CancelRequest {
  readonly terms: NewTerms;
}

export function useReplaceOrder() {
  const { api, queries } = useServices();
  return useMutation({
    ...retrySafely,
    mutationKey: [CHANGE, 'replace' satisfies OrderChange],
    mutationFn: async ({ orderId, idempotencyKey, terms }: ReplaceRequest) => {
      const params = { path: { order_id: orderId }, header: { 'Idempotency-Key': idempotencyKey } };
      return (await unwrap(api.PATCH('/api/v1/orders/{order_id}', { params, body: terms }))).data;
    },
    // On its way until the list tells of it, so that no row looks for a moment as if nothing had happened.
    onSettled: () => refreshAccount(queries),
  });
}

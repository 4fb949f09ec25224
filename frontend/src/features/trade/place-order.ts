import { useMutation, useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { retrySafely } from '@/shared/api/idempotency';
import { refreshAccount, showOpenOrder } from '@/shared/api/queries';
import { useApi, useServices } from '@/shared/services';
import type { NewOrder } from './ticket';

export interface OrderRequest {
  readonly order: NewOrder;
  readonly idempotencyKey: string;
}

export function usePlaceOrder() {
  const { api, queries } = useServices();
  return useMutation({
    ...retrySafely,
    mutationFn: async ({ order, idempotencyKey }: OrderRequest) => {
      const reply = await unwrap(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': idempotencyKey } }, body: order }));
      return reply.data;
    },
    onSuccess: (order) => {
      showOpenOrder(queries, order);
    },
    onSettled: () => {
      void refreshAccount(queries);
    },
  });
}

const PREVIEW_INTERVAL_MS = 5_000;
/** Whoever looks for longer than so many answers has gone away from the machine, most likely. */
const FREQUENT_PREVIEWS = 24;
const LATER_INTERVAL_MS = 30_000;

/** What the server says an order would cost; asked for again while it is looked at, unless `paused`. */
export function useOrderPreview(order: NewOrder, { paused }: { paused: boolean }) {
  const api = useApi();
  return useQuery({
    queryKey: ['order-preview', order],
    queryFn: async ({ signal }) => (await unwrap(api.POST('/api/v1/orders/preview', { body: order, signal }))).data,
    retry: false,
    refetchInterval: ({ state }) => {
      // A refusal stays in sight instead of making room for each new attempt.
      if (paused || state.data === undefined) return false;
      return state.dataUpdateCount < FREQUENT_PREVIEWS ? PREVIEW_INTERVAL_MS : LATER_INTERVAL_MS;
    },
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

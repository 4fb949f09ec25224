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

/** What the server says an order would cost; asked for once per confirmation. */
export function useOrderPreview(order: NewOrder) {
  const api = useApi();
  return useQuery({
    queryKey: ['order-preview', order],
    queryFn: async ({ signal }) => (await unwrap(api.POST('/api/v1/orders/preview', { body: order, signal }))).data,
    retry: false,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

import { useMutation, useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { retrySafely } from '@/shared/api/idempotency';
import { keys } from '@/shared/api/keys';
import { refreshAccount } from '@/shared/api/queries';
import { useApi, useServices } from '@/shared/services';
import { useStepUp } from '@/shared/step-up/step-up';

export type CashMove = 'deposit' | 'withdraw';

export interface CashRequest {
  /** Dollars as a decimal string with at most two decimals. */
  readonly amount: string;
  readonly idempotencyKey: string;
}

export function useMoveCash(move: CashMove) {
  const { api, queries } = useServices();
  const withStepUp = useStepUp();
  return useMutation({
    ...retrySafely,
    mutationFn: ({ amount, idempotencyKey }: CashRequest) => {
      const request = { params: { header: { 'Idempotency-Key': idempotencyKey } }, body: { amount } };
      // Large withdrawals want a fresh second factor, where there is one.
      return withStepUp(() => unwrap(move === 'deposit' ? api.POST('/api/v1/balance/deposit', request) : api.POST('/api/v1/balance/withdraw', request)));
    },
    onSuccess: () => {
      void refreshAccount(queries);
    },
  });
}

/** What may be moved at once and still today. */
export function useCashLimits() {
  const api = useApi();
  return useQuery({
    queryKey: keys.cashLimits,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/balance/limits', { signal })),
  });
}

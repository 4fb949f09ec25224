import { useMutation, useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { StepUpProof } from '@/shared/api/types';
import { signWithPasskey } from '@/shared/passkeys';
import { useApi, useIsSignedIn, useServices } from '@/shared/services';

/** Which second factors the person has. */
export function useFactors() {
  const api = useApi();
  return useQuery({ queryKey: keys.factors, queryFn: ({ signal }) => unwrap(api.GET('/api/v1/auth/mfa', { signal })), enabled: useIsSignedIn() });
}

/** Trades a proof for a token that is good for a few minutes of sensitive acts. */
export function useProve() {
  const { api, session } = useServices();
  return useMutation({
    mutationFn: async (proof: StepUpProof | 'passkey') => {
      const body = proof === 'passkey' ? { passkey: await signWithPasskey(await unwrap(api.POST('/api/v1/auth/passkeys/step-up/options', { body: {} }))) } : proof;
      session.signIn(await unwrap(api.POST('/api/v1/auth/step-up', { body })));
    },
  });
}

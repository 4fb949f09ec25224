import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { StepUpProof } from '@/shared/api/types';
import { rememberNext } from '@/shared/federation';
import { signWithPasskey } from '@/shared/passkeys';
import { useApi, useIsSignedIn, useServices } from '@/shared/services';

/** Which second factors the person has. */
export function useFactors() {
  const api = useApi();
  return useQuery({ queryKey: keys.factors, queryFn: ({ signal }) => unwrap(api.GET('/api/v1/auth/mfa', { signal })), enabled: useIsSignedIn() });
}

/** Leaves for a provider, which asks its user to log in anew; the browser comes back to where it was. */
export function useProveElsewhere() {
  const api = useApi();
  return useMutation({
    mutationFn: async (provider: string) => {
      const { url } = await unwrap(api.POST('/api/v1/auth/oidc/{provider}/step-up', { params: { path: { provider } }, body: {} }));
      const { pathname, search } = globalThis.location;
      rememberNext(pathname + search);
      globalThis.location.assign(url);
    },
  });
}

/** Trades a proof for a token that is good for a few minutes of sensitive acts. */
export function useProve() {
  const { api, session } = useServices();
  const queries = useQueryClient();
  return useMutation({
    // A recovery code is used up.
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.factors }),
    mutationFn: async (proof: StepUpProof | 'passkey') => {
      const body = proof === 'passkey' ? { passkey: await signWithPasskey(await unwrap(api.POST('/api/v1/auth/passkeys/step-up/options', { body: {} }))) } : proof;
      session.signIn(await unwrap(api.POST('/api/v1/auth/step-up', { body })));
    },
  });
}

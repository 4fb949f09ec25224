import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { Profile, SecurityEvent } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { makePasskey } from '@/shared/passkeys';
import { useApi, useServices } from '@/shared/services';
import { useStepUp } from '@/shared/step-up/step-up';

const EVENTS_PAGE = 10;

export function useProfile() {
  const api = useApi();
  return useQuery({ queryKey: keys.profile, queryFn: ({ signal }) => unwrap(api.GET('/api/v1/auth/profile', { signal })) });
}

export function usePasskeys() {
  const api = useApi();
  return useQuery({ queryKey: keys.passkeys, queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/auth/passkeys', { signal }))).data });
}

export function useSessions() {
  const api = useApi();
  return useQuery({ queryKey: keys.sessions, queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/auth/sessions', { signal }))).data });
}

export function useSecurityEvents() {
  const api = useApi();
  return usePages<SecurityEvent>({
    queryKey: keys.securityEvents,
    load: async (cursor, signal) => {
      const query = { limit: EVENTS_PAGE, ...(cursor === null ? {} : { cursor }) };
      const page = await unwrap(api.GET('/api/v1/auth/events', { params: { query }, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
}

/** A change of one's own security; everything shown about it is asked for anew afterwards. */
function useChange<Input, Result>(act: (input: Input) => Promise<Result>) {
  const queries = useQueryClient();
  const withStepUp = useStepUp();
  return useMutation({
    mutationFn: (input: Input) => withStepUp(() => act(input)),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: keys.security });
    },
  });
}

/** Resolves to where the browser has to go to link an account there. */
export function useBeginLink() {
  const api = useApi();
  return useChange(async (provider: string) => (await unwrap(api.POST('/api/v1/auth/oidc/{provider}/link', { params: { path: { provider } }, body: {} }))).url);
}

export function useUnlink() {
  const api = useApi();
  return useChange((provider: string) => unwrap(api.DELETE('/api/v1/auth/identities/{provider}', { params: { path: { provider } } })));
}

/** Has a letter sent by which a password can be chosen. */
export function useSendPasswordLink() {
  const api = useApi();
  return useChange((username: string) => unwrap(api.POST('/api/v1/auth/password/forgot', { body: { email: username } })));
}

interface PasswordChange {
  readonly current_password: string;
  readonly new_password: string;
}

export function useChangePassword() {
  const api = useApi();
  return useChange((body: PasswordChange) => unwrap(api.POST('/api/v1/auth/password', { body })));
}

type ProfileChange = Partial<Pick<Profile, 'email' | 'first_name' | 'last_name'>>;

export function useChangeProfile() {
  const api = useApi();
  return useChange((body: ProfileChange) => unwrap(api.PUT('/api/v1/auth/profile', { body })));
}

export function useResendLetter() {
  const api = useApi();
  return useChange(() => unwrap(api.POST('/api/v1/auth/email/resend', { body: {} })));
}

export function useBeginTotp() {
  const api = useApi();
  return useChange(() => unwrap(api.POST('/api/v1/auth/mfa/totp', { body: {} })));
}

/** Resolves to the recovery codes, which are shown this once. */
export function useConfirmTotp() {
  const api = useApi();
  return useChange(async (code: string) => (await unwrap(api.POST('/api/v1/auth/mfa/totp/confirm', { body: { code } }))).recovery_codes);
}

export function useRemoveTotp() {
  const api = useApi();
  return useChange(() => unwrap(api.DELETE('/api/v1/auth/mfa/totp')));
}

export function useRenewRecoveryCodes() {
  const api = useApi();
  return useChange(async () => (await unwrap(api.POST('/api/v1/auth/mfa/recovery-codes', { body: {} }))).recovery_codes);
}

/** Resolves to recovery codes where the passkey is the first factor, else to null. */
export function useAddPasskey() {
  const api = useApi();
  return useChange(async (name: string) => {
    const options = await unwrap(api.POST('/api/v1/auth/passkeys/enrol/options', { body: {} }));
    const enrolled = await unwrap(api.POST('/api/v1/auth/passkeys', { body: { credential: await makePasskey(options), name } }));
    return enrolled.recovery_codes ?? null;
  });
}

export function useRemovePasskey() {
  const api = useApi();
  return useChange((passkeyId: string) => unwrap(api.DELETE('/api/v1/auth/passkeys/{passkey_id}', { params: { path: { passkey_id: passkeyId } } })));
}

export function useRevokeSession() {
  const api = useApi();
  return useChange((sessionId: string) => unwrap(api.DELETE('/api/v1/auth/sessions/{session_id}', { params: { path: { session_id: sessionId } } })));
}

export function useRevokeOthers() {
  const api = useApi();
  return useChange(() => unwrap(api.POST('/api/v1/auth/sessions/revoke-others', { body: {} })));
}

/** Resolves to everything held about the person. */
export function useExport() {
  const api = useApi();
  return useChange(() => unwrap(api.GET('/api/v1/auth/account/export')));
}

export function useDeleteAccount() {
  const { api, session } = useServices();
  return useChange(async () => {
    await unwrap(api.DELETE('/api/v1/auth/account'));
    session.signOut();
  });
}

import { useMutation } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import type { Registration } from '@/shared/api/types';
import { useServices } from '@/shared/services';

interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  /** The second factor, where one is enrolled. */
  readonly otp?: string;
}

/** Logs in; the refresh token goes into a cookie that no script can read. */
export function useLogIn() {
  const { api, session } = useServices();
  return useMutation({
    mutationFn: async (attempt: LoginAttempt) => {
      session.signIn(await unwrap(api.POST('/api/v1/auth/login', { body: { ...attempt, session: 'cookie' } })));
    },
  });
}

/** Registers and logs in at once, so that nobody types a password twice. */
export function useRegister() {
  const { api } = useServices();
  const logIn = useLogIn();
  return useMutation({
    mutationFn: async (registration: Registration) => {
      await unwrap(api.POST('/api/v1/auth/register', { body: registration }));
      await logIn.mutateAsync({ username: registration.username, password: registration.password });
    },
  });
}

/** Ends this session, or with `everywhere` those on all devices. */
export function useLogOut() {
  const { api, session } = useServices();
  return useMutation({
    mutationFn: async ({ everywhere }: { everywhere: boolean }) => {
      if (everywhere) await unwrap(api.POST('/api/v1/auth/sessions/revoke-others', { body: {} }));
      await unwrap(api.POST('/api/v1/auth/logout', { body: {} }));
      session.signOut();
    },
  });
}

import { useMutation } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { Registration } from '@/shared/api/types';
import { signWithPasskey } from '@/shared/passkeys';
import { useServices } from '@/shared/services';

interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  /** The second factor, where one is enrolled. */
  readonly otp?: string;
  readonly recovery_code?: string;
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

/** Logs in with a passkey alone; it counts as both factors. */
export function usePasskeyLogIn() {
  const { api, session } = useServices();
  return useMutation({
    mutationFn: async () => {
      const credential = await signWithPasskey(await unwrap(api.POST('/api/v1/auth/passkeys/login/options', { body: {} })));
      session.signIn(await unwrap(api.POST('/api/v1/auth/passkeys/login', { body: { credential, session: 'cookie' } })));
    },
  });
}

export interface FactorAttempt {
  readonly otp?: string;
  readonly recovery_code?: string;
}

/** Finishes a login elsewhere by one's own second factor: a code, or, when none is given, a passkey. */
export function useFederatedFactor() {
  const { api, session } = useServices();
  return useMutation({
    mutationFn: async (attempt: FactorAttempt | null) => {
      const body = attempt ?? { passkey: await signWithPasskey(await unwrap(api.POST('/api/v1/auth/passkeys/login/options', { body: {} }))) };
      session.signIn(await unwrap(api.POST('/api/v1/auth/oidc/second-factor', { body })));
    },
  });
}

/** Asks for a letter with a link; the answer is the same whether or not there is such an account. */
export function useForgotPassword() {
  const { api } = useServices();
  return useMutation({ mutationFn: (email: string) => unwrap(api.POST('/api/v1/auth/password/forgot', { body: { email } })) });
}

/** Sets a new password by the token of a letter. */
export function useResetPassword() {
  const { api } = useServices();
  return useMutation({ mutationFn: (body: { token: string; password: string }) => unwrap(api.POST('/api/v1/auth/password/reset', { body })) });
}

/** Proves an email address by the token of a letter. */
export function useVerifyEmail() {
  const { api, queries } = useServices();
  return useMutation({
    mutationFn: (token: string) => unwrap(api.POST('/api/v1/auth/email/verify', { body: { token } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: keys.profile });
    },
  });
}

/** The account was made, and logging in afterwards failed with `cause`: registering again would find the name taken. */
export class RegisteredOnly extends Error {
  override readonly name = 'RegisteredOnly';

  constructor(
    readonly username: string,
    cause: unknown,
  ) {
    super('The account was made, but logging in failed.', { cause });
  }
}

/** Registers and logs in at once, so that nobody types a password twice. Fails with `RegisteredOnly` between the two. */
export function useRegister() {
  const { api } = useServices();
  const logIn = useLogIn();
  return useMutation({
    mutationFn: async (registration: Registration) => {
      await unwrap(api.POST('/api/v1/auth/register', { body: registration }));
      const { username, password } = registration;
      try {
        await logIn.mutateAsync({ username, password });
      } catch (error) {
        throw new RegisteredOnly(username, error);
      }
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

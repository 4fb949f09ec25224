import { useQuery } from '@tanstack/react-query';
import { unwrap } from './api/client';
import { keys } from './api/keys';
import { useApi } from './services';

const NEXT_KEY = 'cnop.next';

const NAMES: Readonly<Record<string, string>> = { github: 'GitHub', gitlab: 'GitLab', google: 'Google', linkedin: 'LinkedIn', microsoft: 'Microsoft' };

/** How a provider is called: the configuration knows only a short name. */
export const providerName = (provider: string): string => NAMES[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1).replaceAll('-', ' ');

/** The OpenID providers that can be signed in with; most installations have none. */
export function useProviders() {
  const api = useApi();
  return useQuery({
    queryKey: keys.providers,
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/auth/oidc', { signal }))).providers,
    staleTime: Infinity,
    retry: false,
  });
}

/** The providers whose accounts are linked to one's own. */
export function useIdentities() {
  const api = useApi();
  return useQuery({ queryKey: keys.identities, queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/auth/identities', { signal }))).data.map((identity) => identity.provider) });
}

/** Where the browser goes to sign in elsewhere; it comes back to `/`. */
export const signInAddress = (provider: string): string => `/api/v1/auth/oidc/${encodeURIComponent(provider)}/login`;

/** Remembers where somebody was heading while they are away at a provider. */
export function rememberNext(next: string | undefined): void {
  try {
    if (next === undefined) sessionStorage.removeItem(NEXT_KEY);
    else sessionStorage.setItem(NEXT_KEY, next);
  } catch {
    // Storage is blocked: they arrive at the start page.
  }
}

/** Where they were heading, told once. */
export function takeNext(): string | null {
  try {
    const next = sessionStorage.getItem(NEXT_KEY);
    sessionStorage.removeItem(NEXT_KEY);
    return next;
  } catch {
    return null;
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  LINK_REQUIRED: 'There is an account with this email address already. Log in to it, then link the other one under Security.',
  AUTH_MFA_REQUIRED: 'Your account has a second factor: confirm with it that it is you.',
  SIGN_IN_NOT_RECENT: 'That did not confirm that it is you: you were not asked to log in there anew. Try again, or set a password.',
  CONFLICT: 'That account is linked to another account here already.',
};

/** Why coming back from a provider did not end in a session, in words. */
export const refusalWording = (code: string): string => REFUSALS[code] ?? 'Logging in there did not work out. Try again, or log in with your password.';

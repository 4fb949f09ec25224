import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { Role, UserSummary } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { useApi } from '@/shared/services';
import { useStepUp } from '@/shared/step-up/step-up';

const PAGE_SIZE = 25;
const USERS = [...keys.operator, 'users'];

/** Accounts, newest first; only that of `username` where it is given. */
export function useUsers(username: string | undefined) {
  const api = useApi();
  return usePages<UserSummary>({
    queryKey: [...USERS, 'list', username ?? ''],
    load: async (cursor, signal) => {
      const query = { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }), ...(username === undefined ? {} : { username }) };
      const page = await unwrap(api.GET('/api/v1/admin/users', { params: { query }, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
}

const path = (userId: string) => ({ params: { path: { user_id: userId } } });

export function usePerson(userId: string) {
  const api = useApi();
  return useQuery({
    queryKey: [...USERS, userId],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/admin/users/{user_id}', { ...path(userId), signal })),
    // That somebody looked is recorded, so nobody shall look without meaning to.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: 60_000,
  });
}

export function usePersonSessions(userId: string) {
  const api = useApi();
  return useQuery({
    queryKey: [...USERS, userId, 'sessions'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/admin/users/{user_id}/sessions', { ...path(userId), signal }))).data,
  });
}

export function usePersonPortfolio(username: string) {
  const api = useApi();
  return useQuery({
    queryKey: [...keys.operator, 'portfolio', username],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/portfolio/{username}', { params: { path: { username } }, signal })),
  });
}

/** An act on somebody's account, after which everything about accounts is asked for anew. */
function useAct<Input>(act: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  const withStepUp = useStepUp();
  return useMutation({
    mutationFn: (input: Input) => withStepUp(() => act(input)),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: USERS });
    },
  });
}

export function useSetRoles(userId: string) {
  const api = useApi();
  return useAct((roles: Role[]) => unwrap(api.PUT('/api/v1/admin/users/{user_id}/roles', { ...path(userId), body: { roles } })));
}

export function useSuspend(userId: string) {
  const api = useApi();
  return useAct(() => unwrap(api.POST('/api/v1/admin/users/{user_id}/suspend', { ...path(userId), body: {} })));
}

export function useReinstate(userId: string) {
  const api = useApi();
  return useAct(() => unwrap(api.POST('/api/v1/admin/users/{user_id}/reinstate', { ...path(userId), body: {} })));
}

export function useBeginReset(userId: string) {
  const api = useApi();
  return useAct((lock: boolean) => unwrap(api.POST('/api/v1/admin/users/{user_id}/password-reset', { ...path(userId), body: { lock } })));
}

export function useEndSessions(userId: string) {
  const api = useApi();
  return useAct(() => unwrap(api.DELETE('/api/v1/admin/users/{user_id}/sessions', path(userId))));
}

import { HttpResponse } from 'msw';
import type { Person, UserSummary } from '@/shared/api/types';
import { at, http, refusal, server } from './backend';
import { makeOrder, makePortfolio } from './fixtures';
import { renderApp } from './render-app';
import { makeProfile } from './security-backend';

export const MOMENT = '2026-01-15T10:00:00.000Z';
const GRACE: Person = {
  user_id: 'usr_grace_0001', username: 'grace_hopper', status: 'active', roles: ['customer'], email_verified: true, mfa: false,
  created_at: MOMENT, updated_at: MOMENT, email: 'grace@example.com', first_name: 'Grace', last_name: null, phone: null,
};

/** The server as staff see it; what was done to Grace is written down. */
function staffServer() {
  const acts: unknown[] = [];
  const asked: string[] = [];
  let grace = GRACE;
  let wantsProof = true;
  const list = (data: UserSummary[]) => HttpResponse.json({ data, has_more: false, next_cursor: null });
  server.use(
    http.get(at('/admin/users'), ({ request }) => {
      const { search, searchParams } = new URL(request.url);
      asked.push(search);
      const name = searchParams.get('username');
      return list(name === null || name === grace.username ? [grace] : []);
    }),
    http.get(at('/admin/users/:id'), ({ params }) => (params['id'] === grace.user_id ? HttpResponse.json(grace) : refusal(404, 'NOT_FOUND'))),
    http.get(at('/admin/users/:id/sessions'), () => HttpResponse.json({ data: [{ session_id: 'ses_1', created_at: MOMENT, last_used_at: MOMENT, address: '192.0.2.9', user_agent: 'curl/8' }] })),
    http.delete(at('/admin/users/:id/sessions'), () => { acts.push('end sessions'); return HttpResponse.json({ message: 'ok', revoked: 1 }); }),
    http.post(at('/admin/users/:id/suspend'), () => { acts.push('suspend'); grace = { ...grace, status: 'suspended' }; return HttpResponse.json(grace); }),
    http.post(at('/admin/users/:id/reinstate'), () => { acts.push('reinstate'); grace = { ...grace, status: 'active' }; return HttpResponse.json(grace); }),
    http.post(at('/admin/users/:id/password-reset'), async ({ request }) => {
      if (wantsProof) { wantsProof = false; return refusal(403, 'PERM_002'); }
      acts.push(await request.json());
      return HttpResponse.json(grace);
    }),
    http.put(at('/admin/users/:id/roles'), async ({ request }) => {
      if (wantsProof) { wantsProof = false; return refusal(403, 'PERM_002'); }
      const { roles } = (await request.json()) as { roles: string[] };
      acts.push(roles);
      grace = { ...grace, roles };
      return HttpResponse.json(grace);
    }),
    http.get(at('/portfolio/:username'), () => HttpResponse.json(makePortfolio({ username: 'grace_hopper' }))),
    http.get(at('/orders'), ({ request }) => (new URL(request.url).searchParams.get('username') === 'grace_hopper' ? HttpResponse.json({ data: [makeOrder()], has_more: false, next_cursor: null }) : refusal(404, 'NOT_FOUND'))),
  );
  return { acts, asked };
}

/** The console as somebody with this role opens it. */
export const asStaff = (role: string, path: string) => {
  const app = renderApp({ path, signedIn: true, roles: [role] });
  app.backend.security.profile = makeProfile({ roles: [role] });
  return { ...app, ...staffServer() };
};

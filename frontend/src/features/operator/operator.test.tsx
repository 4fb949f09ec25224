import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import type { Person, UserSummary } from '@/shared/api/types';
import { at, http, refusal, server } from '@/testing/backend';
import { makeOrder, makePortfolio } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';
import { makeProfile } from '@/testing/security-backend';

const MOMENT = '2026-01-15T10:00:00.000Z';
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

const as = (role: string, path: string) => {
  const app = renderApp({ path, signedIn: true, roles: [role] });
  app.backend.security.profile = makeProfile({ roles: [role] });
  return { ...app, ...staffServer() };
};

const places = () => within(screen.getByRole('navigation', { name: 'Console' })).getAllByRole('link').map((link) => link.textContent);

describe('the console', () => {
  it.each([
    ['support', ['Users', 'Orders', 'Health'], '/operator/users'],
    ['auditor', ['Audit', 'Health'], '/operator/audit'],
    ['admin', ['Users', 'Orders', 'Assets', 'Audit', 'Health'], '/operator/users'],
  ])('shows %s what they may see, and begins with the first', async (role, shown, path) => {
    server.use(http.get(at('/audit/events'), () => HttpResponse.json({ data: [], has_more: false, next_cursor: null })));
    const { router } = as(role, '/');
    await screen.findByRole('navigation', { name: 'Console' });
    expect(places()).toEqual(shown);
    await waitFor(() => { expect(router.state.location.pathname).toBe(path); });
    expect(screen.queryByRole('link', { name: 'Dashboard' })).not.toBeInTheDocument();
  });

  it('is not for customers', async () => {
    renderApp({ path: '/operator', signedIn: true });
    expect(await screen.findByText('This page is for staff')).toBeVisible();
    expect(screen.queryByRole('link', { name: 'Console' })).not.toBeInTheDocument();
  });
});

describe('users', () => {
  it('are found by their whole name, which stays in the address', async () => {
    const { user, router, asked } = as('support', '/operator/users');
    await user.type(await screen.findByLabelText('Username'), 'nobody{Enter}');
    expect(await screen.findByText('Nobody has this username')).toBeVisible();
    expect(router.state.location.search).toEqual({ username: 'nobody' });
    await user.click(screen.getByRole('button', { name: 'Show everybody' }));
    expect(await screen.findByRole('link', { name: 'grace_hopper' })).toBeVisible();
    expect(asked).toEqual(['?limit=25', '?limit=25&username=nobody']);
  });

  it('are only looked at by support', async () => {
    const { user } = as('support', '/operator/users');
    await user.click(await screen.findByRole('link', { name: 'grace_hopper' }));
    expect(await screen.findByText(/grace@example.com/)).toBeVisible();
    expect(await screen.findByText('curl')).toBeVisible();
    for (const name of ['Roles', 'Reset password', 'Suspend', 'End all']) expect(screen.queryByRole('button', { name })).not.toBeInTheDocument();
  });

  it('are suspended after a question, and let in again', async () => {
    const { user, acts } = as('admin', '/operator/users/usr_grace_0001');
    await user.click(await screen.findByRole('button', { name: 'Suspend' }));
    const dialog = await screen.findByRole('dialog', { name: 'Suspend grace_hopper' });
    await user.click(within(dialog).getByRole('button', { name: 'Suspend' }));
    expect(await screen.findByText('Suspended')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Reinstate' }));
    expect(await screen.findByText('grace_hopper may log in again.')).toBeVisible();
    expect(acts).toEqual(['suspend', 'reinstate']);
  });

  it('get other roles once it is proven who asks', async () => {
    const { user, acts } = as('admin', '/operator/users/usr_grace_0001');
    await user.click(await screen.findByRole('button', { name: 'Roles' }));
    const form = await screen.findByRole('form', { name: 'Roles' });
    await user.click(within(form).getByLabelText('Support'));
    await user.click(within(form).getByRole('button', { name: 'Save roles' }));
    await user.type(await screen.findByLabelText('Password'), 'correct');
    await user.click(screen.getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByText('grace_hopper is now: customer, support. Their sessions were ended.')).toBeVisible();
    expect(acts).toEqual([['customer', 'support']]);
  });
});

describe('a reset that staff begin', () => {
  const ask = async () => {
    const app = as('admin', '/operator/users/usr_grace_0001');
    await app.user.click(await screen.findByRole('button', { name: 'Reset password' }));
    const dialog = await screen.findByRole('dialog', { name: 'Reset the password of grace_hopper' });
    return { ...app, dialog };
  };
  const prove = async (user: ReturnType<typeof as>['user']) => {
    await user.type(await screen.findByLabelText('Password'), 'correct');
    await user.click(screen.getByRole('button', { name: 'Confirm' }));
  };

  it('sends a letter after a question and a proof, and asks for no password', async () => {
    const { user, acts, dialog } = await ask();
    expect(dialog).toHaveTextContent('A letter goes to grace@example.com.');
    expect(within(dialog).queryByRole('textbox')).not.toBeInTheDocument();
    await user.click(within(dialog).getByRole('button', { name: 'Send the letter' }));
    await prove(user);
    expect(await screen.findByText('A letter is on its way to grace_hopper.')).toBeVisible();
    expect(acts).toEqual([{ lock: false }]);
  });

  it('locks the account where that is chosen, and only then', async () => {
    const { user, acts, dialog } = await ask();
    await user.click(within(dialog).getByLabelText('Somebody else may be in this account'));
    await user.click(within(dialog).getByRole('button', { name: 'Go back' }));
    await user.click(screen.getByRole('button', { name: 'Reset password' }));
    expect(await screen.findByLabelText('Somebody else may be in this account')).not.toBeChecked();
    await user.click(screen.getByLabelText('Somebody else may be in this account'));
    await user.click(screen.getByRole('button', { name: 'Send the letter' }));
    await prove(user);
    expect(await screen.findByText('A letter is on its way to grace_hopper, who is logged out everywhere.')).toBeVisible();
    expect(acts).toEqual([{ lock: true }]);
  });

  it('says why it was refused', async () => {
    const { user, dialog } = await ask();
    const message = 'nobody has proven this address yet; its owner can ask for a letter on the login page';
    server.use(http.post(at('/admin/users/:id/password-reset'), () => HttpResponse.json({ code: 'CONFLICT', message, status: 409 }, { status: 409 })));
    await user.click(within(dialog).getByRole('button', { name: 'Send the letter' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent('Nobody has proven this address');
  });
});

describe('orders', () => {
  it('are those of the person searched for', async () => {
    const { user } = as('support', '/operator/orders');
    await user.type(await screen.findByLabelText('Username'), 'grace_hopper{Enter}');
    expect(await screen.findByRole('table', { name: 'Orders of grace_hopper' })).toBeVisible();
  });
});

describe('assets', () => {
  const open = async () => {
    const bodies: unknown[] = [];
    const app = as('admin', '/operator/assets');
    server.use(
      http.post(at('/inventory/assets'), async ({ request }) => { bodies.push(await request.json()); return HttpResponse.json({ data: app.backend.assets[0] }, { status: 201 }); }),
      http.patch(at('/inventory/assets/:id'), async ({ request, params }) => {
        const patch = (await request.json()) as object;
        bodies.push([params['id'], patch]);
        app.backend.assets = app.backend.assets.map((asset) => (asset.asset_id === params['id'] ? { ...asset, ...patch } : asset));
        return HttpResponse.json({ data: app.backend.assets[0] });
      }),
    );
    await screen.findByRole('table', { name: 'Assets' });
    return { ...app, bodies };
  };

  it('are listed', async () => {
    const { user, bodies } = await open();
    await user.click(screen.getByRole('button', { name: 'List an asset' }));
    const form = await screen.findByRole('form', { name: 'Asset' });
    await user.click(within(form).getByRole('button', { name: 'List asset' }));
    expect(within(form).getByLabelText('Symbol')).toHaveAccessibleDescription(/letters and digits/);
    await user.type(within(form).getByLabelText('Symbol'), 'new');
    await user.type(within(form).getByLabelText('Name'), 'Newcoin');
    await user.click(within(form).getByRole('button', { name: 'List asset' }));
    expect(await screen.findByText('NEW is listed.')).toBeVisible();
    expect(bodies).toEqual([{ asset_id: 'new', name: 'Newcoin', category: 'major', description: '', scale: 8, min_quantity: '0.001', max_quantity: '1000', image: '', is_active: true, rank: 0 }]);
  });

  it('are changed by what differs, and taken off the market', async () => {
    const { user, bodies } = await open();
    await user.click(screen.getByRole('button', { name: 'Edit Bitcoin' }));
    const least = await screen.findByLabelText('Smallest order');
    await user.clear(least);
    await user.type(least, '0.01');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('BTC is changed.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Stop trading Bitcoin' }));
    await user.click(await screen.findByRole('button', { name: 'Stop trading' }));
    expect(await screen.findByText('Not traded')).toBeInTheDocument();
    expect(bodies).toEqual([['BTC', { min_quantity: '0.01' }], ['BTC', { is_active: false }]]);
  });
});

describe('the audit chain', () => {
  const noRecords = () => {
    server.use(http.get(at('/audit/events'), () => HttpResponse.json({ data: [], has_more: false, next_cursor: null })));
  };

  it('is said to be intact, with what was examined', async () => {
    as('auditor', '/operator/audit');
    noRecords();
    const chain = await screen.findByRole('region', { name: 'Audit chain' });
    expect(await within(chain).findByText('Intact')).toBeVisible();
    expect(chain).toHaveTextContent('The last 50 of 1,234 checkpoints and 120 records were verified just now.');
  });

  it('names what was tampered with', async () => {
    const { backend } = as('auditor', '/operator/audit');
    noRecords();
    backend.chain = { ...backend.chain, intact: false, faults: ['edited: checkpoint 000000001233 does not fit its MAC'] };
    expect(await screen.findByText('Tampered with')).toBeVisible();
    expect(screen.getByRole('alert')).toHaveTextContent('edited: checkpoint 000000001233');
  });
});

describe('the audit trail', () => {
  it('is narrowed by class and person, and shows whole records', async () => {
    const asked: string[] = [];
    const { user } = as('auditor', '/operator/audit');
    server.use(
      http.get(at('/audit/events'), ({ request }) => {
        asked.push(new URL(request.url).search);
        const record = { activity_name: 'login', time: 1768471200000, status_id: 1, actor: { user: { uid: 'usr_grace_0001' } }, metadata: { uid: '01A' }, unmapped: { amr: 'pwd' } };
        return HttpResponse.json({ data: [record], has_more: false, next_cursor: null });
      }),
    );
    await screen.findByRole('table', { name: 'Audit records' });
    await user.selectOptions(screen.getByLabelText('Class of event'), 'Authentication');
    await user.click(await screen.findByRole('button', { name: 'usr_grace_0001' }));
    await waitFor(() => { expect(asked.at(-1)).toBe('?limit=25&actor=usr_grace_0001&class=authentication'); });
    await user.click(await screen.findByRole('button', { name: /^Show the record Logged in/ }));
    expect(await screen.findByText(/"amr": "pwd"/)).toBeVisible();
  });
});

describe('system health', () => {
  it('tells which service is in trouble, also when the whole answers 503', async () => {
    server.use(http.get(at('/health'), () => HttpResponse.json({ status: 'unhealthy', version: '0.1.0', environment: 'local', timestamp: MOMENT, checks: { user_service: 'healthy', order_service: 'unhealthy' } }, { status: 503 })));
    as('support', '/operator/health');
    const services = await screen.findByRole('list', { name: 'Services' });
    expect(within(services).getAllByRole('listitem').map((item) => item.textContent)).toEqual(['User serviceLog in, deposit and withdraw, security settingsHealthy', 'Order servicePlace and cancel orders, portfolioUnhealthy']);
  });
});

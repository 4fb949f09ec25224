import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { at, http, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';
import { asStaff, MOMENT } from '@/testing/staff-backend';

const places = () => within(screen.getByRole('navigation', { name: 'Console' })).getAllByRole('link').map((link) => link.textContent);

describe('the console', () => {
  it.each([
    ['support', ['Users', 'Orders', 'Health'], '/operator/users'],
    ['auditor', ['Audit', 'Health'], '/operator/audit'],
    ['admin', ['Users', 'Orders', 'Assets', 'Audit', 'Health'], '/operator/users'],
  ])('shows %s what they may see, and begins with the first', async (role, shown, path) => {
    server.use(http.get(at('/audit/events'), () => HttpResponse.json({ data: [], has_more: false, next_cursor: null })));
    const { router } = asStaff(role, '/');
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
    const { user, router, asked } = asStaff('support', '/operator/users');
    await user.type(await screen.findByLabelText('Username'), 'nobody{Enter}');
    expect(await screen.findByText('Nobody has this username')).toBeVisible();
    expect(router.state.location.search).toEqual({ username: 'nobody' });
    await user.click(screen.getByRole('button', { name: 'Show everybody' }));
    expect(await screen.findByRole('link', { name: 'grace_hopper' })).toBeVisible();
    expect(asked).toEqual(['?limit=25', '?limit=25&username=nobody']);
  });

  it('are only looked at by support', async () => {
    const { user } = asStaff('support', '/operator/users');
    await user.click(await screen.findByRole('link', { name: 'grace_hopper' }));
    expect(await screen.findByText(/grace@example.com/)).toBeVisible();
    expect(await screen.findByText('curl')).toBeVisible();
    for (const name of ['Roles', 'Reset password', 'Suspend', 'End all']) expect(screen.queryByRole('button', { name })).not.toBeInTheDocument();
  });

  it('are suspended after a question, and let in again', async () => {
    const { user, acts } = asStaff('admin', '/operator/users/usr_grace_0001');
    await user.click(await screen.findByRole('button', { name: 'Suspend' }));
    const dialog = await screen.findByRole('dialog', { name: 'Suspend grace_hopper' });
    await user.click(within(dialog).getByRole('button', { name: 'Suspend' }));
    expect(await screen.findByText('Suspended')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Reinstate' }));
    expect(await screen.findByText('grace_hopper may log in again.')).toBeVisible();
    expect(acts).toEqual(['suspend', 'reinstate']);
  });

  it('get other roles once it is proven who asks', async () => {
    const { user, acts } = asStaff('admin', '/operator/users/usr_grace_0001');
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

describe('orders', () => {
  it('are those of the person searched for', async () => {
    const { user } = asStaff('support', '/operator/orders');
    await user.type(await screen.findByLabelText('Username'), 'grace_hopper{Enter}');
    expect(await screen.findByRole('table', { name: 'Orders of grace_hopper' })).toBeVisible();
  });
});

describe('assets', () => {
  const open = async () => {
    const bodies: unknown[] = [];
    const app = asStaff('admin', '/operator/assets');
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
    asStaff('auditor', '/operator/audit');
    noRecords();
    const chain = await screen.findByRole('region', { name: 'Audit chain' });
    expect(await within(chain).findByText('Intact')).toBeVisible();
    expect(chain).toHaveTextContent('The last 50 of 1,234 checkpoints and 120 records were verified just now.');
  });

  it('names what was tampered with', async () => {
    const { backend } = asStaff('auditor', '/operator/audit');
    noRecords();
    backend.chain = { ...backend.chain, intact: false, faults: ['edited: checkpoint 000000001233 does not fit its MAC'] };
    expect(await screen.findByText('Tampered with')).toBeVisible();
    expect(screen.getByRole('alert')).toHaveTextContent('edited: checkpoint 000000001233');
  });
});

describe('the audit trail', () => {
  it('is narrowed by class and person, and shows whole records', async () => {
    const asked: string[] = [];
    const { user } = asStaff('auditor', '/operator/audit');
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
    asStaff('support', '/operator/health');
    const services = await screen.findByRole('list', { name: 'Services' });
    expect(within(services).getAllByRole('listitem').map((item) => item.textContent)).toEqual(['User serviceLog in, deposit and withdraw, security settingsHealthy', 'Order servicePlace and cancel orders, portfolioUnhealthy']);
  });
});

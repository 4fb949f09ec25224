import { act, screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { at, http, server, tokenFor } from '@/testing/backend';
import { makeBalance } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';
import { keys } from '@/shared/api/keys';

const graces = { access_token: tokenFor('grace_hopper'), expires_in: 900 };
const TAKEN_OVER = /Somebody else logged in in this browser/;

/** Ada's tab, and a way to let her token expire after Grace logged in in another one. */
function inAdasTab(path: string) {
  let now = 0;
  const app = renderApp({ path, signedIn: true, ports: { now: () => now, refresh: () => Promise.resolve(graces) } });
  return { ...app, expire: () => { now = 900_000; } };
}

/** Answers with a balance for each person, and notes who asked. */
function balancesByPerson() {
  const asked: (string | null)[] = [];
  server.use(
    http.get(at('/balance'), ({ request }) => {
      const authorization = request.headers.get('Authorization');
      asked.push(authorization);
      return HttpResponse.json(authorization === `Bearer ${graces.access_token}` ? makeBalance({ current_balance: '77.00', available_balance: '77.00' }) : makeBalance());
    }),
  );
  return asked;
}

describe('a tab whose browser somebody else logged in in', () => {
  it('places nothing, says so, and forgets what the person before saw', async () => {
    const { user, backend, services, expire } = inAdasTab('/markets/BTC');
    await user.type(await screen.findByLabelText('Quantity'), '0.01');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    const dialog = await screen.findByRole('dialog', { name: 'Buy Bitcoin' });
    expire();
    await user.click(within(dialog).getByRole('button', { name: 'Confirm buy' }));
    expect(await screen.findByText(TAKEN_OVER)).toBeVisible();
    expect(backend.placed).toEqual([]);
    expect(screen.queryByRole('dialog')).toBeNull();
    for (const queryKey of keys.personal) expect(services.queries.getQueriesData({ queryKey }).filter(([, data]) => data !== undefined)).toEqual([]);
  });

  it('goes on as that person once they say so, with an empty ticket', async () => {
    const { user, backend, services, expire } = inAdasTab('/markets/BTC');
    balancesByPerson();
    await user.type(await screen.findByLabelText('Quantity'), '0.01');
    expire();
    await act(() => services.session.usableToken());
    await user.click(await screen.findByRole('button', { name: 'Go on as grace_hopper' }));
    expect(screen.queryByText(TAKEN_OVER)).toBeNull();
    expect(await screen.findByLabelText('Quantity')).toHaveValue('');
    expect(await screen.findByText('Available $77.00')).toBeVisible();
    expect(backend.placed).toEqual([]);
  });

  it('leads from a page of their own to the log-in, and not back there', async () => {
    const { services, router, expire } = inAdasTab('/orders?status=completed');
    await screen.findByRole('heading', { name: 'Orders' });
    expire();
    await act(() => services.session.usableToken());
    expect(await screen.findByText(TAKEN_OVER)).toBeVisible();
    await waitFor(() => {
      expect(router.state.location.href).toBe('/login');
    });
  });
});

describe('a log-in as another person in the same tab', () => {
  it('shows nothing of the person before, and asks anew', async () => {
    const { user, services } = renderApp({ path: '/markets/BTC', signedIn: true });
    const asked = balancesByPerson();
    await user.type(await screen.findByLabelText('Quantity'), '0.01');
    await screen.findByText('Available $1,000.00');
    act(() => {
      services.session.signIn(graces);
    });
    expect(screen.queryByText('Available $1,000.00')).toBeNull();
    expect(screen.getByLabelText('Quantity')).toHaveValue('');
    expect(await screen.findByText('Available $77.00')).toBeVisible();
    expect(asked.at(-1)).toBe(`Bearer ${graces.access_token}`);
  });
});

import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { at, Backend, http, issue, refusal, server, tokenFor } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

const PASSWORD = 'walnut trumpet velocity 9';

describe('logging in with an account elsewhere', () => {
  const withProvider = () => {
    const backend = new Backend();
    backend.security.providers = ['google'];
    return backend;
  };

  it('is offered where a provider is known, and remembers the way on', async () => {
    const { user } = renderApp({ path: '/login?next=/orders', backend: withProvider() });
    const link = await screen.findByRole('link', { name: 'Continue with Google' });
    expect(link).toHaveAttribute('href', '/api/v1/auth/oidc/google/login');
    link.addEventListener('click', (event) => { event.preventDefault(); });
    await user.click(link);
    expect(sessionStorage.getItem('cnop.next')).toBe('/orders');
    const { router } = renderApp({ path: '/', signedIn: true });
    await waitFor(() => {
      expect(router.state.location.pathname).toBe('/orders');
    });
    expect(sessionStorage.getItem('cnop.next')).toBeNull();
  });

  it('says what went wrong there, and keeps nothing of it in the address', async () => {
    const { router } = renderApp({ path: '/login#error=LINK_REQUIRED', backend: withProvider() });
    expect(await screen.findByText(/There is an account with this email address already/)).toBeVisible();
    await waitFor(() => {
      expect(router.state.location.hash).toBe('');
    });
  });

  it('asks for the second factor of somebody whom a provider vouched for', async () => {
    const { user, router } = renderApp({ path: '/login#error=SECOND_FACTOR_DUE', backend: withProvider() });
    const shown: unknown[] = [];
    server.use(
      http.post(at('/auth/oidc/second-factor'), async ({ request }) => {
        const body = (await request.json()) as { otp?: string };
        shown.push(body);
        return body.otp === '123456' ? issue() : refusal(401, 'AUTH_MFA_REQUIRED');
      }),
    );
    const code = await screen.findByLabelText('Authentication code');
    expect(screen.queryByLabelText('Password')).toBeNull();
    await user.type(code, '000000{Enter}');
    expect(await screen.findByText(/This code is wrong/)).toBeVisible();
    await user.clear(code);
    await user.type(code, '123456{Enter}');
    await waitFor(() => {
      expect(router.state.location.pathname).toBe('/dashboard');
    });
    expect(shown).toEqual([{ otp: '000000' }, { otp: '123456' }]);
  });
});

async function logIn(user: ReturnType<typeof renderApp>['user']) {
  await user.type(await screen.findByLabelText('Username or email'), 'ada_lovelace');
  await user.type(screen.getByLabelText('Password'), PASSWORD);
  await user.click(screen.getByRole('button', { name: 'Log in' }));
}

describe('logging in', () => {
  it('returns to the page that asked for it', async () => {
    const { user, router } = renderApp({ path: '/orders?status=completed' });
    await logIn(user);
    expect(await screen.findByRole('heading', { name: 'Orders' })).toBeVisible();
    expect(router.state.location.href).toBe('/orders?status=completed');
  });

  it('does not tell whether the name or the password was wrong', async () => {
    const { user } = renderApp({ path: '/login' });
    server.use(http.post(at('/auth/login'), () => refusal(401, 'AUTH_001')));
    await logIn(user);
    expect(await screen.findByRole('alert')).toHaveTextContent('Username or password is wrong.');
  });

  it('asks for the second factor when one is due', async () => {
    const { user } = renderApp({ path: '/login' });
    server.use(
      http.post(at('/auth/login'), async ({ request }) => {
        const body = (await request.json()) as { otp?: string };
        return body.otp === '123456' ? issue() : refusal(401, 'AUTH_MFA_REQUIRED');
      }),
    );
    await logIn(user);
    const code = await screen.findByLabelText('Authentication code');
    await waitFor(() => {
      expect(code).toHaveFocus();
    });
    await user.paste('000 000');
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    expect(await screen.findByText(/This code is wrong/)).toBeVisible();
    await waitFor(() => {
      expect(code).toHaveFocus();
    });
    await user.clear(code);
    await user.paste('123 456');
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    expect(await screen.findByRole('heading', { name: 'Dashboard' })).toBeVisible();
  });

  it('restores the session after a reload without asking', async () => {
    renderApp({
      path: '/dashboard',
      ports: { hint: { read: () => true, write: () => undefined }, refresh: () => Promise.resolve({ access_token: tokenFor('ada_lovelace'), expires_in: 900 }) },
    });
    expect(await screen.findByRole('heading', { name: 'Dashboard' })).toBeVisible();
  });
});

describe('the end of a session', () => {
  it('says kindly that it expired, and comes back afterwards', async () => {
    const backend = new Backend();
    const { user, router } = renderApp({ path: '/orders', signedIn: true, backend });
    await screen.findByText('No orders yet');
    server.use(http.get(at('/orders'), () => refusal(401, 'AUTH_003')));
    await user.selectOptions(screen.getByLabelText('Order status'), 'Completed');
    expect(await screen.findByText(/Your session has ended/)).toBeVisible();
    expect(router.state.location.search).toEqual({ next: '/orders?status=completed' });
  });

  it.each([
    ['Log out', ['logout']],
    ['Log out everywhere', ['revoke-others', 'logout']],
  ])('ends by “%s”', async (item, calls) => {
    const { user, backend, services } = renderApp({ path: '/dashboard', signedIn: true });
    await user.click(await screen.findByRole('button', { name: /Account/ }));
    await user.click(await screen.findByRole('menuitem', { name: item }));
    expect(await screen.findByText('You are logged out.')).toBeVisible();
    expect(backend.logouts).toEqual(calls);
    expect(services.queries.getQueryData(['account', 'balance'])).toBeUndefined();
  });

  it('is not claimed when the server did not confirm it', async () => {
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    server.use(http.post(at('/auth/logout'), () => refusal(503, 'SVC_001')));
    await user.click(await screen.findByRole('button', { name: /Account/ }));
    await user.click(await screen.findByRole('menuitem', { name: 'Log out' }));
    expect(await screen.findByText(/You are still logged in/)).toBeVisible();
  });
});

describe('the way back in', () => {
  it('asks for a letter and does not tell whether there is such an account', async () => {
    const { user, backend } = renderApp({ path: '/login' });
    await user.click(await screen.findByRole('link', { name: 'Forgot it?' }));
    await user.type(await screen.findByLabelText('Email or username'), 'ada@example.com');
    await user.click(screen.getByRole('button', { name: 'Send me a link' }));
    expect(await screen.findByText(/If there is an account for this.* The link works for 10 minutes\./)).toBeVisible();
    expect(backend.security.calls).toEqual(['forgot ada@example.com']);
  });

  it('sets a new password by the token behind the #, which leaves the address', async () => {
    const { user, backend, router } = renderApp({ path: '/reset-password#token=good' });
    await user.type(await screen.findByLabelText('New password'), 'seven purple lanterns');
    expect(router.state.location.href).toBe('/reset-password');
    await user.click(screen.getByRole('button', { name: 'Set new password' }));
    expect(await screen.findByText('Your password is changed. Log in with the new one.')).toBeVisible();
    expect(router.state.location.pathname).toBe('/login');
    expect(backend.security.calls).toEqual(['reset good']);
  });

  it('says when a link is spent', async () => {
    renderApp({ path: '/verify-email#token=old' });
    expect(await screen.findByText(/used already or is too old/)).toBeVisible();
  });

  it('confirms an address', async () => {
    const { backend } = renderApp({ path: '/verify-email#token=good' });
    expect(await screen.findByText(/address is confirmed/)).toBeVisible();
    expect(backend.security.calls).toEqual(['verify good']);
  });

  it('takes a recovery code in place of the app’s', async () => {
    const { user } = renderApp({ path: '/login' });
    const sent: unknown[] = [];
    server.use(
      http.post(at('/auth/login'), async ({ request }) => {
        const body = (await request.json()) as { recovery_code?: string };
        sent.push(body.recovery_code);
        return body.recovery_code === undefined ? refusal(401, 'AUTH_MFA_REQUIRED') : issue('ada_lovelace');
      }),
    );
    await user.type(await screen.findByLabelText('Username or email'), 'ada_lovelace');
    await user.type(screen.getByLabelText('Password'), 'some password here');
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    await user.click(await screen.findByRole('button', { name: 'Use a recovery code instead' }));
    await user.type(screen.getByLabelText('Recovery code'), 'aaaa-bbbb');
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    expect(await screen.findByRole('heading', { name: 'Dashboard' })).toBeVisible();
    expect(sent).toEqual([undefined, 'aaaa-bbbb']);
  });
});

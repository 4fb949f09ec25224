import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { at, http, refusal, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

const PASSWORD = 'walnut trumpet velocity 9';

async function fillRegistration(user: ReturnType<typeof renderApp>['user'], password = PASSWORD) {
  await user.type(await screen.findByLabelText('Username'), 'ada_lovelace');
  await user.type(screen.getByLabelText('Email'), 'ada@example.com');
  await user.type(screen.getByLabelText('Password'), password);
  await user.click(screen.getByRole('button', { name: 'Create account' }));
}

describe('registering', () => {
  it('logs in at once and shows the dashboard', async () => {
    const { user, backend, router } = renderApp({ path: '/register' });
    await fillRegistration(user);
    expect(await screen.findByRole('heading', { name: 'Dashboard' })).toBeVisible();
    expect(backend.logins[0]?.body).toEqual({ username: 'ada_lovelace', password: PASSWORD, session: 'cookie' });
    expect(router.state.location.pathname).toBe('/dashboard');
  });

  it('gives live reasons against a weak password', async () => {
    const { user } = renderApp({ path: '/register' });
    await user.type(await screen.findByLabelText('Password'), 'password1234');
    expect(await screen.findByText(/among the most common/)).toBeVisible();
    expect(screen.getByText(/2 to go/)).toBeVisible();
  });

  it('marks every mistake before asking the server and focuses the first', async () => {
    const { user } = renderApp({ path: '/register' });
    await user.click(await screen.findByRole('button', { name: 'Create account' }));
    const username = screen.getByLabelText('Username');
    expect(username).toBeInvalid();
    expect(screen.getByLabelText('Email')).toBeInvalid();
    expect(screen.getByLabelText('Password')).toBeInvalid();
    expect(username).toHaveAccessibleDescription(/6 to 30/);
    await waitFor(() => {
      expect(username).toHaveFocus();
    });
  });

  it('shows the server’s objection at its field', async () => {
    const { user } = renderApp({ path: '/register' });
    server.use(http.post(at('/auth/register'), () => refusal(422, 'VALIDATION_ERROR', { errors: [{ field: 'password', message: 'this password is too easy to guess' }] })));
    await fillRegistration(user);
    await waitFor(() => {
      expect(screen.getByLabelText('Password')).toHaveAccessibleDescription(/This password is too easy to guess/);
    });
  });

  it('leads to the log-in when the account was made but logging in was refused', async () => {
    const { user, router } = renderApp({ path: '/register?next=/orders' });
    server.use(http.post(at('/auth/login'), () => refusal(429, 'RATE_001'), { once: true }));
    await fillRegistration(user);
    expect(await screen.findByText('Your account is made, but logging in did not work yet. Too many attempts. Wait a moment and try again.')).toBeVisible();
    expect(router.state.location.href).toBe('/login?next=%2Forders');
    expect(screen.getByLabelText('Username or email')).toHaveValue('ada_lovelace');
    await user.type(screen.getByLabelText('Password'), PASSWORD);
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    expect(await screen.findByRole('heading', { name: 'Orders' })).toBeVisible();
  });

  it('says when the name is taken', async () => {
    const { user } = renderApp({ path: '/register' });
    server.use(http.post(at('/auth/register'), () => refusal(409, 'CONFLICT')));
    await fillRegistration(user);
    expect(await screen.findByRole('alert')).toHaveTextContent('already registered');
  });
});

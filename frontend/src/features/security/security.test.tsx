import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

function open(change: (backend: Backend) => void = () => undefined) {
  const backend = new Backend();
  change(backend);
  return renderApp({ path: '/security', signedIn: true, backend });
}

describe('the password', () => {
  it('that an account does not have yet is set by a letter', async () => {
    const { user, backend } = open(({ security }) => { security.factors = { ...security.factors, password: false }; });
    await user.click(await screen.findByRole('button', { name: 'Set a password' }));
    expect(await screen.findByText('A letter is on its way to ada@example.com. Its link works for 10 minutes.')).toBeVisible();
    expect(backend.security.calls).toEqual(['forgot ada_lovelace']);
    expect(screen.queryByRole('button', { name: 'Change password' })).not.toBeInTheDocument();
  });

  const fillIn = async (user: ReturnType<typeof open>['user'], current: string, next: string) => {
    await user.click(await screen.findByRole('button', { name: 'Change password' }));
    const form = await screen.findByRole('form', { name: 'Change password' });
    await user.type(within(form).getByLabelText('Current password'), current);
    await user.type(within(form).getByLabelText('New password'), next);
    await user.click(within(form).getByRole('button', { name: 'Change password' }));
    return form;
  };

  it('is changed', async () => {
    const { user, backend } = open();
    await fillIn(user, 'correct', 'seven purple lanterns');
    expect(await screen.findByText('Your password is changed. Your other sessions were ended.')).toBeVisible();
    expect(backend.security.calls).toEqual(['password']);
  });

  it('says which one is wrong, at its field, without asking for a new session', async () => {
    const refresh = vi.fn(() => Promise.resolve(null));
    const backend = new Backend();
    const { user } = renderApp({ path: '/security', signedIn: true, backend, ports: { refresh } });
    const form = await fillIn(user, 'wrong', 'seven purple lanterns');
    await waitFor(() => { expect(within(form).getByLabelText('Current password')).toHaveAccessibleDescription('This is not the current password.'); });
    expect(refresh).not.toHaveBeenCalled();
  });

  it('has to be long enough, and another', async () => {
    const { user, backend } = open();
    const form = await fillIn(user, 'correct', 'short');
    expect(within(form).getByLabelText('New password')).toHaveAccessibleDescription(/14 to 128/);
    expect(backend.security.calls).toEqual([]);
  });
});

describe('two-step login', () => {
  it('is set up with a QR code, after a proof, and gives recovery codes once', async () => {
    const { user, backend } = open((made) => { made.security.wantsProof = true; });
    await user.click(await screen.findByRole('button', { name: 'Set up' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.type(await within(proof).findByLabelText('Password'), 'correct');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    const form = await screen.findByRole('form', { name: 'Set up the authenticator app' });
    expect(within(form).getByRole('img', { name: /QR code/ }).querySelector('path')).toHaveAttribute('d', 'M4 4.5h7');
    expect(within(form).getByText('ABCD EFGH IJKL')).toBeVisible();
    await user.click(within(form).getByLabelText('Code from the app'));
    await user.paste('123 456');
    await user.click(within(form).getByRole('button', { name: 'Turn on' }));
    const codes = await screen.findByRole('list', { name: 'Recovery codes' });
    expect(within(codes).getAllByRole('listitem').map((item) => item.textContent)).toEqual(['aaaa-bbbb', 'cccc-dddd']);
    await user.keyboard('{Escape}');
    expect(codes).toBeVisible();
    expect(screen.getByRole('button', { name: 'Close' })).toBeDisabled();
    await user.click(screen.getByRole('button', { name: 'I have kept them' }));
    expect(await screen.findByText('10 left')).toBeVisible();
    expect(backend.security.calls).toEqual(['step-up', 'begin-totp']);
  });

  it('asks for a code, not the password, once the app is on', async () => {
    const { user } = open(({ security }) => {
      security.factors = { password: true, totp: true, passkeys: false, recovery_codes_left: 2 };
      security.wantsProof = true;
    });
    await user.click(await screen.findByRole('button', { name: 'Make new ones' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.type(await within(proof).findByLabelText('Authentication code'), '111111');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await within(proof).findByText(/wrong, used already or too old/)).toBeVisible();
    await user.clear(within(proof).getByLabelText('Authentication code'));
    await user.click(within(proof).getByLabelText('Authentication code'));
    await user.paste('123 456');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByText('eeee-ffff')).toBeVisible();
  });

  it('changes nothing when the proof is declined', async () => {
    const { user, backend } = open((made) => { made.security.wantsProof = true; });
    await user.click(await screen.findByRole('button', { name: 'Set up' }));
    await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.keyboard('{Escape}');
    await waitFor(() => { expect(screen.queryByRole('dialog')).not.toBeInTheDocument(); });
    expect(screen.getByRole('button', { name: 'Set up' })).toBeEnabled();
    expect(backend.security.calls).toEqual([]);
  });

  it('is taken away after a question', async () => {
    const { user, backend } = open(({ security }) => { security.factors = { password: true, totp: true, passkeys: false, recovery_codes_left: 10 }; });
    await user.click(await screen.findByRole('button', { name: 'Remove' }));
    const dialog = await screen.findByRole('dialog', { name: 'Remove the authenticator app' });
    await user.click(within(dialog).getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText('The authenticator app is removed.')).toBeVisible();
    expect(backend.security.calls).toEqual(['remove-totp']);
  });
});

describe('passkeys', () => {
  it('are listed and removed', async () => {
    const { user, backend } = open(({ security }) => {
      security.passkeys = [{ passkey_id: 'pk1', name: 'Blue key', created_at: '2026-01-15T10:00:00.000Z', last_used_at: null }];
    });
    await user.click(await screen.findByRole('button', { name: 'Remove passkey Blue key' }));
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText(/None yet/)).toBeVisible();
    expect(backend.security.calls).toEqual(['remove-passkey pk1']);
  });

  it('are not offered by a browser that has none', async () => {
    open();
    await screen.findByText(/None yet/);
    expect(screen.queryByRole('button', { name: 'Add a passkey' })).not.toBeInTheDocument();
  });
});

describe('devices', () => {
  it('are logged out one by one, but not this one', async () => {
    const { user, backend } = open();
    const region = await screen.findByRole('region', { name: 'Devices' });
    const buttons = await within(region).findAllByRole('button', { name: /^Log out Chrome on Linux/ });
    expect(buttons).toHaveLength(1);
    await user.click(buttons[0]!);
    expect(await screen.findByText('Chrome on Linux is logged out.')).toBeVisible();
    expect(backend.security.calls).toEqual(['revoke ses_1']);
    await waitFor(() => { expect(within(region).queryByRole('button')).not.toBeInTheDocument(); });
  });

  it('are logged out all at once', async () => {
    const { user, backend } = open();
    await user.click(await screen.findByRole('button', { name: 'Log out all others' }));
    await user.click(await screen.findByRole('button', { name: 'Log them out' }));
    expect(await screen.findByText('All other devices are logged out.')).toBeVisible();
    expect(backend.logouts).toEqual(['revoke-others']);
  });
});

describe('recent activity', () => {
  it('is told in words', async () => {
    open(({ security }) => {
      const event = { event_id: 'e1', timestamp: '2026-01-15T10:00:00.000Z', address: '192.0.2.7', session_id: null };
      security.events = [
        { ...event, type: 'login', succeeded: true, details: { amr: 'pwd otp mfa' } },
        { ...event, event_id: 'e2', type: 'login_failed', succeeded: false, details: {} },
      ];
    });
    const [, login, failed] = within(await screen.findByRole('table', { name: 'Recent activity' })).getAllByRole('row');
    expect(login).toHaveTextContent('Logged in' + 'by password and authenticator app');
    expect(failed).toHaveTextContent('Failed loginRefused');
  });
});

describe('one’s data', () => {
  it('is deleted only after the name was typed, and only from an empty account', async () => {
    const { user, backend, router } = open();
    server.use(http.delete(at('/auth/account'), () => refusal(409, 'CONFLICT', { message: 'withdraw your cash, sell your assets and cancel your open orders first' }), { once: true }));
    await user.click(await screen.findByRole('button', { name: 'Delete account' }));
    const form = await screen.findByRole('form', { name: 'Delete account' });
    const name = within(form).getByLabelText('Type ada_lovelace to confirm');
    await user.type(name, 'ada');
    await user.click(within(form).getByRole('button', { name: 'Delete my account' }));
    expect(name).toHaveAccessibleDescription('Type ada_lovelace to confirm.');
    await user.type(name, '_lovelace');
    await user.click(within(form).getByRole('button', { name: 'Delete my account' }));
    expect(await within(form).findByText('Withdraw your cash, sell your assets and cancel your open orders first.')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Delete my account' }));
    await waitFor(() => { expect(router.state.location.pathname).toBe('/login'); });
    expect(backend.security.calls).toEqual(['delete']);
  });

  it('of an administrator stays, for the reason that the server gives', async () => {
    const { user } = open();
    server.use(http.delete(at('/auth/account'), () => refusal(409, 'CONFLICT', { message: 'another administrator must take that role from you first' })));
    await user.click(await screen.findByRole('button', { name: 'Delete account' }));
    const form = await screen.findByRole('form', { name: 'Delete account' });
    await user.type(within(form).getByLabelText('Type ada_lovelace to confirm'), 'ada_lovelace');
    await user.click(within(form).getByRole('button', { name: 'Delete my account' }));
    expect(await within(form).findByText('Another administrator must take that role from you first.')).toBeVisible();
  });
});

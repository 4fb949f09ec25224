import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Backend } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

function open(change: (backend: Backend) => void) {
  const backend = new Backend();
  change(backend);
  return renderApp({ path: '/security', signedIn: true, backend });
}

describe('the proof before a sensitive change', () => {
  it('takes a recovery code from who has lost the app', async () => {
    const { user, backend } = open(({ security }) => {
      security.factors = { password: true, totp: true, passkeys: false, recovery_codes_left: 2 };
      security.wantsProof = true;
    });
    await user.click(await screen.findByRole('button', { name: 'Remove' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Remove the authenticator app' })).getByRole('button', { name: 'Remove' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.click(await within(proof).findByRole('button', { name: 'Use a recovery code instead' }));
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await within(proof).findByText('Enter one of your recovery codes.')).toBeVisible();
    await user.type(within(proof).getByLabelText('Recovery code'), 'aaaa-bbbb');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByText('The authenticator app is removed.')).toBeVisible();
    expect(backend.security.calls).toEqual(['step-up', 'remove-totp']);
  });

  it('offers no recovery code to who has none left', async () => {
    const { user } = open(({ security }) => {
      security.factors = { password: true, totp: true, passkeys: false, recovery_codes_left: 0 };
      security.wantsProof = true;
    });
    await user.click(await screen.findByRole('button', { name: 'Make new ones' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await within(proof).findByLabelText('Authentication code');
    expect(within(proof).queryByRole('button', { name: /recovery code/ })).not.toBeInTheDocument();
  });

  it('takes a recovery code from who has lost the passkey', async () => {
    const { user } = open(({ security }) => {
      security.factors = { password: true, totp: false, passkeys: true, recovery_codes_left: 2 };
      security.wantsProof = true;
    });
    await user.click(await screen.findByRole('button', { name: 'Make new ones' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.click(await within(proof).findByRole('button', { name: 'Use a recovery code' }));
    await user.type(within(proof).getByLabelText('Recovery code'), 'aaaa-bbbb');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByText('eeee-ffff')).toBeVisible();
  });
});

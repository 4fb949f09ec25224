import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Backend } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

function open(change: (backend: Backend) => void = () => undefined) {
  const backend = new Backend();
  change(backend);
  return renderApp({ path: '/security', signedIn: true, backend });
}

describe('linked accounts', () => {
  it('are not spoken of where there is no provider', async () => {
    open();
    expect(await screen.findByText('Authenticator app')).toBeVisible();
    expect(screen.queryByText('Linked accounts')).not.toBeInTheDocument();
  });

  it('are linked after a proof, and shown', async () => {
    const { user, backend } = open(({ security }) => {
      security.providers = ['github', 'google'];
      security.identities = ['github'];
      security.wantsProof = true;
    });
    expect(await screen.findByText('You can log in with GitHub.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Link Google' }));
    const proof = await screen.findByRole('form', { name: 'Confirm with your password' });
    await user.type(within(proof).getByLabelText('Password'), 'correct');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    await waitFor(() => { expect(backend.security.calls).toContain('link google'); });
    expect(screen.queryByRole('button', { name: 'Link GitHub' })).not.toBeInTheDocument();
  });
});

describe('a linked account', () => {
  it('is unlinked after a question, also where the installation knows its provider no more', async () => {
    const { user, backend } = open(({ security }) => { security.identities = ['github']; });
    await user.click(await screen.findByRole('button', { name: 'Unlink GitHub' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Unlink account' })).getByRole('button', { name: 'Unlink' }));
    expect(await screen.findByText('GitHub is unlinked.')).toBeVisible();
    expect(backend.security.calls).toEqual(['unlink github']);
    await waitFor(() => { expect(screen.queryByText('Linked accounts')).not.toBeInTheDocument(); });
  });

  it('stays when it is the only way to log in', async () => {
    const { user } = open(({ security }) => {
      security.identities = ['github'];
      security.factors = { ...security.factors, password: false };
    });
    await user.click(await screen.findByRole('button', { name: 'Unlink GitHub' }));
    const dialog = await screen.findByRole('dialog', { name: 'Unlink account' });
    await user.click(within(dialog).getByRole('button', { name: 'Unlink' }));
    expect(await within(dialog).findByText(/Set a password or add a passkey first/)).toBeVisible();
  });

  it('confirms who has no password', async () => {
    const { user, backend } = open(({ security }) => {
      security.identities = ['github'];
      security.factors = { ...security.factors, password: false };
      security.wantsProof = true;
    });
    await user.click(await screen.findByRole('button', { name: 'Set up' }));
    const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' });
    await user.click(await within(proof).findByRole('button', { name: 'Confirm with GitHub' }));
    expect(within(proof).queryByLabelText('Password')).not.toBeInTheDocument();
    await waitFor(() => { expect(backend.security.calls).toContain('step-up at github'); });
    expect(sessionStorage.getItem('cnop.next')).not.toBeNull();
  });
});

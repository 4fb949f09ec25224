import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Backend } from '@/testing/backend';
import { makeProfile } from '@/testing/security-backend';
import { renderApp } from '@/testing/render-app';

function open(change: (backend: Backend) => void = () => undefined) {
  const backend = new Backend();
  change(backend);
  return renderApp({ path: '/security', signedIn: true, backend });
}

async function changeEmail(user: ReturnType<typeof open>['user'], address: string) {
  await user.click(await screen.findByRole('button', { name: 'Change email address' }));
  const dialog = await screen.findByRole('dialog', { name: 'Change email address' });
  await user.type(within(dialog).getByLabelText('New email address'), address);
  await user.click(within(dialog).getByRole('button', { name: 'Change email address' }));
  return dialog;
}

describe('the email address', () => {
  it('is changed after a proof, and is then to be confirmed', async () => {
    const { user, backend } = open(({ security }) => { security.wantsProof = true; });
    await changeEmail(user, ' ada@new.example ');
    const proof = await screen.findByRole('form', { name: 'Confirm with your password' });
    await user.type(within(proof).getByLabelText('Password'), 'correct');
    await user.click(within(proof).getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByText(/Your address is ada@new.example now/)).toBeVisible();
    expect(backend.security.calls).toContain('profile {"email":"ada@new.example"}');
    expect(await screen.findByText('Not confirmed')).toBeVisible();
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it.each([
    ['ada', 'Enter an email address, such as ada@example.com.'],
    ['ADA@example.com', 'This is your address already.'],
  ])('is not sent as %s', async (address, mistake) => {
    const { user, backend } = open();
    const dialog = await changeEmail(user, address);
    expect(await within(dialog).findByText(mistake)).toBeVisible();
    await waitFor(() => { expect(within(dialog).getByLabelText('New email address')).toHaveFocus(); });
    expect(backend.security.calls).toEqual([]);
  });

  it('that somebody has is refused beside its field', async () => {
    const { user } = open();
    const dialog = await changeEmail(user, 'taken@example.com');
    const field = within(dialog).getByLabelText('New email address');
    await waitFor(() => { expect(field).toHaveAccessibleDescription(/taken/); });
    expect(screen.getByText('ada@example.com', { selector: '[role=dialog] *' })).toBeVisible();
  });
});

describe('the name', () => {
  it('is given, and taken away', async () => {
    const { user, backend } = open(({ security }) => { security.profile = makeProfile({ first_name: 'Ada', last_name: 'Byron' }); });
    expect(await screen.findByText('Ada Byron')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Change name' }));
    const dialog = await screen.findByRole('dialog', { name: 'Change name' });
    await user.clear(within(dialog).getByLabelText('First name'));
    await user.clear(within(dialog).getByLabelText('Last name'));
    await user.type(within(dialog).getByLabelText('Last name'), 'King');
    await user.click(within(dialog).getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Your name is changed.')).toBeVisible();
    expect(backend.security.calls).toEqual(['profile {"first_name":null,"last_name":"King"}']);
    expect(await screen.findByText('King')).toBeVisible();
  });
});

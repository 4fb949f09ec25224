import { screen, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { at, http, server } from '@/testing/backend';
import { asStaff } from '@/testing/staff-backend';

describe('a reset that staff begin', () => {
  const ask = async () => {
    const app = asStaff('admin', '/operator/users/usr_grace_0001');
    await app.user.click(await screen.findByRole('button', { name: 'Reset password' }));
    const dialog = await screen.findByRole('dialog', { name: 'Reset the password of grace_hopper' });
    return { ...app, dialog };
  };
  const prove = async (user: ReturnType<typeof asStaff>['user']) => {
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

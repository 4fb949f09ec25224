import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { makeLimits } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';

async function open(user: ReturnType<typeof renderApp>['user'], name: 'Deposit' | 'Withdraw') {
  await user.click(await screen.findByRole('button', { name }));
  return screen.findByRole('dialog', { name: `${name} cash` });
}

describe('moving cash', () => {
  it('deposits once for a double click', async () => {
    const { user, backend } = renderApp({ path: '/dashboard', signedIn: true });
    const dialog = await open(user, 'Deposit');
    await user.type(within(dialog).getByLabelText('Amount'), '250');
    await user.dblClick(within(dialog).getByRole('button', { name: 'Deposit' }));
    expect(await screen.findByText('Deposited $250.00. Your cash is now $1,250.00.')).toBeVisible();
    expect(backend.cashMoves).toHaveLength(1);
    expect(backend.cashMoves[0]).toMatchObject({ path: 'deposit', body: { amount: '250.00' } });
  });

  it('changes the key with the amount, not with the attempt', async () => {
    const sent: string[] = [];
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    server.use(
      http.post(at('/balance/deposit'), async ({ request }) => {
        const { amount } = (await request.json()) as { amount: string };
        sent.push(`${amount} ${request.headers.get('Idempotency-Key') ?? ''}`);
        return refusal(422, 'DAILY_LIMIT', { message: 'at most 10000.00 USD a day' });
      }),
    );
    const dialog = await open(user, 'Deposit');
    const deposit = within(dialog).getByRole('button', { name: 'Deposit' });
    await user.type(within(dialog).getByLabelText('Amount'), '5000');
    await user.click(deposit);
    expect(await within(dialog).findByText('At most 10000.00 USD a day.')).toBeVisible();
    await user.click(deposit);
    await user.clear(within(dialog).getByLabelText('Amount'));
    await user.type(within(dialog).getByLabelText('Amount'), '100');
    await user.click(deposit);
    await within(dialog).findByText('At most 10000.00 USD a day.');
    expect(sent).toHaveLength(3);
    expect(sent[0]).toBe(sent[1]);
    expect(sent[2]?.split(' ')[1]).not.toBe(sent[0]?.split(' ')[1]);
  });

  it.each<[string, () => Response]>([
    ['no answer came', () => HttpResponse.error()],
    ['the gateway lost the answer', () => refusal(504, 'SVC_002')],
  ])('is the same deposit when the dialog is opened again after %s, until another sum is typed', async (_, lost) => {
    const sent: string[] = [];
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    server.use(
      http.post(at('/balance/deposit'), ({ request }) => {
        sent.push(request.headers.get('Idempotency-Key') ?? '');
        return lost();
      }),
    );
    const unanswered = async (dialog: HTMLElement) => {
      await user.click(within(dialog).getByRole('button', { name: 'Deposit' }));
      await waitFor(() => {
        expect(within(dialog).getByRole('button', { name: 'Deposit' })).not.toHaveAttribute('aria-disabled');
      });
      expect(within(dialog).getByText(/it counts only once/)).toBeVisible();
    };
    const first = await open(user, 'Deposit');
    await user.type(within(first).getByLabelText('Amount'), '250');
    await unanswered(first);
    await user.click(within(first).getByRole('button', { name: 'Close' }));
    const again = await open(user, 'Deposit');
    expect(within(again).getByLabelText('Amount')).toHaveValue('250');
    await unanswered(again);
    expect(new Set(sent).size).toBe(1);
    await user.type(within(again).getByLabelText('Amount'), '0');
    await unanswered(again);
    expect(new Set(sent).size).toBe(2);
  });

  it('does not ask for more than there is', async () => {
    const { user, backend } = renderApp({ path: '/dashboard', signedIn: true });
    await screen.findAllByText('$1,000.00');
    const dialog = await open(user, 'Withdraw');
    await user.type(within(dialog).getByLabelText('Amount'), '1000.01');
    await user.click(within(dialog).getByRole('button', { name: 'Withdraw' }));
    expect(within(dialog).getByLabelText('Amount')).toHaveAccessibleDescription('You have $1,000.00 available.');
    await user.click(within(dialog).getByRole('button', { name: 'All' }));
    await user.click(within(dialog).getByRole('button', { name: 'Withdraw' }));
    expect(await screen.findByText(/^Withdrew/)).toBeVisible();
    expect(backend.cashMoves[0]).toMatchObject({ path: 'withdraw', body: { amount: '1000.00' } });
  });
});

describe('the day’s limit', () => {
  it('is shown before it bites, and asks the server for nothing it would refuse', async () => {
    const backend = new Backend();
    backend.limits = makeLimits({ deposits_left: '750.00' });
    const { user } = renderApp({ path: '/dashboard', signedIn: true, backend });
    const dialog = await open(user, 'Deposit');
    expect(await within(dialog).findByText('$750.00 left today')).toBeVisible();
    expect(within(dialog).getByRole('button', { name: '$1,000' })).toBeDisabled();
    await user.type(within(dialog).getByLabelText('Amount'), '750.01');
    await user.click(within(dialog).getByRole('button', { name: 'Deposit' }));
    expect(within(dialog).getByLabelText('Amount')).toHaveAccessibleDescription('Only $750.00 more is possible today.');
    expect(backend.cashMoves).toHaveLength(0);
  });
});

describe('the cash dialog', () => {
  it('begins at the amount and gives the focus back', async () => {
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    const dialog = await open(user, 'Deposit');
    expect(within(dialog).getByLabelText('Amount')).toHaveFocus();
    await user.keyboard('{Escape}');
    await waitFor(() => {
      expect(screen.getByRole('button', { name: 'Deposit' })).toHaveFocus();
    });
  });
});

describe('the list of cash movements', () => {
  it('gives outgoing amounts their sign', async () => {
    renderApp({ path: '/transactions', signedIn: true });
    const base = { status: 'completed', reference: null, created_at: '2026-01-15T10:00:00.000Z' };
    server.use(
      http.get(at('/balance/transactions'), () =>
        HttpResponse.json({
          transactions: [
            { ...base, transaction_id: 't2', transaction_type: 'withdrawal', amount: '40.00', balance_after: '60.00' },
            { ...base, transaction_id: 't1', transaction_type: 'deposit', amount: '100.00', balance_after: '100.00' },
          ],
          total_count: 2,
          has_more: false,
          next_cursor: null,
        }),
      ),
    );
    const table = await screen.findByRole('table', { name: 'Cash transactions' });
    const [, withdrawal, deposit] = within(table).getAllByRole('row');
    expect(withdrawal).toHaveTextContent('Withdrawal');
    expect(withdrawal).toHaveTextContent('-$40.00');
    expect(deposit).toHaveTextContent('+$100.00');
  });
});

describe('filters and export', () => {
  const movement = (index: number, transaction_type: string, created_at: string) => ({
    transaction_id: `t${index}`, transaction_type, amount: '10.00', status: 'completed', reference: null, balance_after: '100.00', created_at,
  });
  const movements = [
    movement(4, 'withdrawal', '2026-01-15T10:00:00.000Z'),
    movement(3, 'deposit', '2026-01-14T23:59:59.000Z'),
    movement(2, 'deposit', '2026-01-14T00:00:00.000Z'),
    movement(1, 'deposit', '2026-01-13T23:59:59.000Z'),
  ];

  const show = async () => {
    const app = renderApp({ path: '/transactions', signedIn: true });
    server.use(http.get(at('/balance/transactions'), () => HttpResponse.json({ transactions: movements, total_count: 4, has_more: false, next_cursor: null })));
    await screen.findByRole('table', { name: 'Cash transactions' });
    return app;
  };
  const rows = () => within(screen.getByRole('table', { name: 'Cash transactions' })).getAllByRole('row').length - 1;

  it('narrow by type and day, both ends included', async () => {
    const { user } = await show();
    await user.selectOptions(screen.getByLabelText('Type of movement'), 'Deposits');
    await waitFor(() => { expect(rows()).toBe(3); });
    await user.type(screen.getByLabelText('From'), '2026-01-14');
    await user.type(screen.getByLabelText('To'), '2026-01-14');
    await waitFor(() => { expect(rows()).toBe(2); });
    await user.selectOptions(screen.getByLabelText('Type of movement'), 'Sales');
    expect(await screen.findByText('Nothing matches')).toBeVisible();
  });

  it('exports what is shown, as CSV', async () => {
    const blobs: Blob[] = [];
    vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => `blob:${blobs.push(blob)}`, revokeObjectURL: () => undefined }));
    const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    const { user } = await show();
    await user.selectOptions(screen.getByLabelText('Type of movement'), 'Withdrawals');
    await waitFor(() => { expect(rows()).toBe(1); });
    await user.click(screen.getByRole('button', { name: 'Export CSV' }));
    await waitFor(() => { expect(click).toHaveBeenCalledOnce(); });
    const reader = new FileReader();
    const text = await new Promise((resolve) => {
      reader.onload = () => { resolve(reader.result); };
      reader.readAsText(blobs[0]!);
    });
    expect(text).toBe('Time,Type,Amount (USD),Balance after (USD),Status,Reference,Transaction\r\n2026-01-15T10:00:00.000Z,Withdrawal,-10.00,100.00,Completed,,t4\r\n');
  });
});

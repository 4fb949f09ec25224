import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { Order } from '@/shared/api/types';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { makeOrder } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';

const OPEN: Order = makeOrder({ order_type: 'limit_buy', status: 'pending', price: '60000.00000000', limit_price: '60000.00000000', executed_price: null, total_amount: '600.00', time_in_force: 'GTC' });

function backendWith(...orders: Order[]): Backend {
  const backend = new Backend();
  backend.orders = orders;
  return backend;
}

const openTable = () => screen.findByRole('table', { name: 'Open orders' });

describe('open orders', () => {
  it('are cancelled after one more question, and only once', async () => {
    const { user, backend } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(OPEN) });
    await user.click(within(await openTable()).getByRole('button', { name: 'Cancel limit buy of 0.01 BTC' }));
    const dialog = await screen.findByRole('dialog', { name: 'Cancel limit buy of BTC' });
    await user.dblClick(within(dialog).getByRole('button', { name: 'Cancel order' }));
    expect(await screen.findByText(/^Cancelled. The cash it held/)).toBeVisible();
    expect(await screen.findByText(/Nothing is waiting for its price/)).toBeVisible();
    expect(backend.orderActs).toMatchObject([{ method: 'DELETE', orderId: OPEN.order_id }]);
    expect(backend.orderActs[0]?.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
  });

  it('are shown by the ten newest where there are many, until all are asked for', async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ ...OPEN, order_id: `ord_${index}` }));
    const { user } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(...many) });
    const rows = () => within(screen.getByRole('table', { name: 'Open orders' })).getAllByRole('row').length - 1;
    await openTable();
    expect(rows()).toBe(10);
    await user.click(screen.getByRole('button', { name: 'Show all 12' }));
    expect(rows()).toBe(12);
    await user.click(screen.getByRole('button', { name: 'Show fewer', expanded: true }));
    expect(rows()).toBe(10);
  });

  it('are changed to what differs', async () => {
    const { user, backend } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(OPEN) });
    await user.click(within(await openTable()).getByRole('button', { name: 'Change limit buy of 0.01 BTC' }));
    const form = await screen.findByRole('form', { name: 'Change order' });
    const price = within(form).getByLabelText('Limit price');
    expect(price).toHaveValue('60000');
    await user.clear(price);
    await user.type(price, '61000.5');
    expect(within(form).getByText('$610.01')).toBeVisible();
    await user.click(within(form).getByRole('button', { name: 'Change order' }));
    expect(await screen.findByText('Changed to 0.01 BTC at $61,000.50.')).toBeVisible();
    expect(backend.orderActs).toMatchObject([{ method: 'PATCH', body: { price: '61000.5' } }]);
    expect(within(await openTable()).getByRole('cell', { name: '$61,000.50' })).toBeInTheDocument();
  });

  it('tell that they are being cancelled as long as nobody answers, and take no second wish meanwhile', async () => {
    let answer: () => void = () => undefined;
    const backend = backendWith(OPEN);
    const { user } = renderApp({ path: '/orders', signedIn: true, backend });
    server.use(
      http.delete(at('/orders/:id'), async () => {
        await new Promise<void>((resolve) => { answer = resolve; });
        return refusal(409, 'ORDER_CLOSED');
      }),
    );
    await user.click(within(await openTable()).getByRole('button', { name: /^Cancel limit buy/ }));
    await user.click(await screen.findByRole('button', { name: 'Cancel order' }));
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(await within(await openTable()).findByText('Cancelling…')).toBeVisible();
    expect(within(await openTable()).queryByRole('button')).not.toBeInTheDocument();
    answer();
    expect(await within(await openTable()).findByRole('button', { name: /^Cancel limit buy/ })).toBeVisible();
    expect(screen.getByText(/no longer open/)).toBeVisible();
  });

  it('say so when they were filled meanwhile', async () => {
    const { user } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(OPEN) });
    server.use(http.delete(at('/orders/:id'), () => refusal(409, 'ORDER_CLOSED')));
    await user.click(within(await openTable()).getByRole('button', { name: /^Cancel limit buy/ }));
    await user.click(await screen.findByRole('button', { name: 'Cancel order' }));
    expect(await screen.findByText(/no longer open/)).toBeVisible();
  });

  it('on an asset’s page are those of the asset', async () => {
    renderApp({ path: '/markets/BTC', signedIn: true, backend: backendWith(OPEN, { ...OPEN, order_id: 'ord_01KD0000000000000000000002', asset_id: 'ETH' }) });
    expect(within(await openTable()).getAllByRole('row')).toHaveLength(2);
  });
});

describe('the stream of one’s own changes', () => {
  it('shows a fill as it happens, says so once, and resumes after a cut', async () => {
    const { backend } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(OPEN) });
    await openTable();
    await waitFor(() => { expect(backend.streamOpenings).toEqual([null]); });
    const filled: Order = { ...OPEN, status: 'completed', executed_price: '59900.00000000' };
    backend.orders = [filled];
    backend.push({ id: 2, event: 'change', data: { seq: 2, kind: 'buy', order: filled } }, { id: 3, event: 'change', data: { seq: 3, kind: 'buy', order: filled } });
    expect(await screen.findByText('Bought 0.01 BTC at $59,900.00 for $600.00.')).toBeVisible();
    expect(await screen.findByText(/Nothing is waiting/)).toBeVisible();
    backend.cutStream();
    await waitFor(() => { expect(backend.streamOpenings).toEqual([null, '3']); });
  });

  it('is not followed without a session', async () => {
    const { backend } = renderApp({ path: '/markets' });
    await screen.findByRole('table', { name: 'Assets' });
    expect(backend.streamOpenings).toEqual([]);
  });
});

import { act, screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeOrder } from '@/testing/fixtures';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

type User = ReturnType<typeof renderApp>['user'];

async function review(user: User, quantity = '0.01') {
  await user.type(await screen.findByLabelText('Quantity'), quantity);
  await user.click(screen.getByRole('button', { name: 'Review buy' }));
  return screen.findByRole('dialog', { name: 'Buy Bitcoin' });
}

const confirmIn = (dialog: HTMLElement) => within(dialog).getByRole('button', { name: 'Confirm buy' });

describe('buying', () => {
  it('shows what the server will charge before anything is placed', async () => {
    const { user, backend } = renderApp({ path: '/markets/BTC', signedIn: true });
    const dialog = await review(user);
    expect(await within(dialog).findByText('$641.89')).toBeVisible();
    expect(within(dialog).getByText('$358.11')).toBeVisible();
    expect(backend.placed).toHaveLength(0);
  });

  it('asks again for its figures while somebody looks at them, but not while it is sent', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => { vi.useRealTimers(); });
    const { user, services } = renderApp({ path: '/markets/BTC', signedIn: true });
    const dialog = await review(user);
    expect(await within(dialog).findByText('$641.89')).toBeVisible();
    const answers: (() => void)[] = [];
    server.use(
      http.post(at('/orders/preview'), async () => {
        await new Promise<void>((resolve) => { answers.push(resolve); });
        return HttpResponse.json({ data: { status: 'completed', order_type: 'market_buy', quantity: '0.01', price: '64900.00000000', total_amount: '649.00', fee: '1.00', cost: '650.00', available_balance: '350.00', available_quantity: '0.01' } });
      }),
      http.post(at('/orders'), () => new Promise<never>(() => undefined)),
    );
    act(() => { vi.advanceTimersByTime(5_000); });
    await vi.waitFor(() => { expect(answers).toHaveLength(1); });
    expect(within(dialog).getByText('$641.89')).toBeVisible();
    answers[0]!();
    expect(await within(dialog).findByText('$650.00')).toBeVisible();
    await user.click(confirmIn(dialog));
    act(() => { vi.advanceTimersByTime(60_000); });
    expect(services.queries.isFetching({ queryKey: ['order-preview'] })).toBe(0);
    expect(answers).toHaveLength(1);
  });

  it('is one order for a double click', async () => {
    const { user, backend } = renderApp({ path: '/markets/BTC', signedIn: true });
    const dialog = await review(user);
    await user.dblClick(confirmIn(dialog));
    expect(await screen.findByText(/Bought 0.01 BTC at \$64,123.45 for \$641.24/)).toBeVisible();
    expect(backend.placed).toHaveLength(1);
    expect(backend.placed[0]?.body).toEqual({ order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01', max_slippage_bps: 100, reference_price: '64123.45' });
    expect(backend.placed[0]?.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
    expect(screen.getByLabelText('Quantity')).toHaveValue('');
  });

  it('repeats with the same key when the answer was lost', async () => {
    const keys: (string | null)[] = [];
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    server.use(
      http.post(at('/orders'), ({ request }) => {
        keys.push(request.headers.get('Idempotency-Key'));
        return keys.length === 1 ? HttpResponse.error() : HttpResponse.json({ data: makeOrder() }, { status: 201 });
      }),
    );
    await user.click(confirmIn(await review(user)));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('says that the outcome is open when no answer ever came, and keeps the key', async () => {
    const keys = new Set<string | null>();
    let reachable = false;
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    server.use(
      http.post(at('/orders'), ({ request }) => {
        keys.add(request.headers.get('Idempotency-Key'));
        return reachable ? HttpResponse.json({ data: makeOrder() }, { status: 201 }) : HttpResponse.error();
      }),
    );
    const dialog = await review(user);
    await user.click(confirmIn(dialog));
    expect(await within(dialog).findByText(/it counts only once/)).toBeVisible();
    reachable = true;
    await user.click(confirmIn(dialog));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(keys.size).toBe(1);
  });

  it('stays in sight until it is known what became of the order', async () => {
    let answer: () => void = () => undefined;
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    server.use(
      http.post(at('/orders'), async () => {
        await new Promise<void>((resolve) => { answer = resolve; });
        return HttpResponse.json({ data: makeOrder() }, { status: 201 });
      }),
    );
    const dialog = await review(user);
    await user.click(confirmIn(dialog));
    await user.keyboard('{Escape}');
    expect(within(dialog).getByRole('button', { name: 'Close' })).toBeDisabled();
    expect(dialog).toBeVisible();
    answer();
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('shows an order that rests at once, before the list is asked for again', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await screen.findByText(/Nothing is waiting for its price/);
    const resting = makeOrder({ order_type: 'limit_buy', status: 'pending', limit_price: '60000.00000000', executed_price: null });
    server.use(
      http.post(at('/orders'), () => HttpResponse.json({ data: resting }, { status: 201 })),
      http.get(at('/orders'), () => new Promise<never>(() => undefined)),
    );
    await user.click(confirmIn(await review(user)));
    expect(await screen.findByRole('table', { name: 'Open orders' })).toBeVisible();
  });

  it('is the same order when it is reviewed again after no answer came', async () => {
    const sent = new Set<string>();
    let reachable = false;
    const backend = new Backend();
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true, backend });
    server.use(
      http.post(at('/orders'), async ({ request }) => {
        sent.add(`${request.headers.get('Idempotency-Key') ?? ''} ${await request.text()}`);
        return reachable ? HttpResponse.json({ data: makeOrder() }, { status: 201 }) : HttpResponse.error();
      }),
    );
    const dialog = await review(user);
    await user.click(confirmIn(dialog));
    expect(await within(dialog).findByText(/it counts only once/)).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    backend.assets = backend.assets.map((asset) => ({ ...asset, price_usd: 66000 }));
    reachable = true;
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    const again = await screen.findByRole('dialog', { name: 'Buy Bitcoin' });
    expect(within(again).getByText(/it counts only once/)).toBeVisible();
    await user.click(confirmIn(again));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(sent.size).toBe(1);
  });

  it.each<[string, number, string, number]>([
    ['is the same order', 502, 'HTTP_502', 1],
    ['is the same order', 503, 'SVC_001', 1],
    ['is the same order', 504, 'SVC_002', 1],
    ['is the same order', 500, 'HTTP_500', 1],
    ['is another order', 503, 'PRICE_STALE', 2],
    ['is another order', 422, 'INSUFFICIENT_FUNDS', 2],
  ])('%s when it is reviewed again after %i %s', async (_, status, code, orders) => {
    const keys = new Set<string | null>();
    let refuses = true;
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    server.use(
      http.post(at('/orders'), ({ request }) => {
        keys.add(request.headers.get('Idempotency-Key'));
        return refuses ? refusal(status, code) : HttpResponse.json({ data: makeOrder() }, { status: 201 });
      }),
    );
    const dialog = await review(user);
    await user.click(confirmIn(dialog));
    expect(await within(dialog).findByText(orders === 1 ? /it counts only once/ : /nothing was traded|enough available cash/)).toBeVisible();
    refuses = false;
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    await user.click(confirmIn(await screen.findByRole('dialog', { name: 'Buy Bitcoin' })));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(keys.size).toBe(orders);
  });

  it('offers the new price, under a new key, when the price moved', async () => {
    const sent: { key: string | null; reference: unknown }[] = [];
    const backend = new Backend();
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true, backend });
    server.use(
      http.post(at('/orders'), async ({ request }) => {
        const body = (await request.json()) as { reference_price: string };
        sent.push({ key: request.headers.get('Idempotency-Key'), reference: body.reference_price });
        return sent.length === 1 ? refusal(409, 'PRICE_MOVED') : HttpResponse.json({ data: makeOrder() }, { status: 201 });
      }),
    );
    const dialog = await review(user);
    backend.assets = backend.assets.map((asset) => ({ ...asset, price_usd: 66000 }));
    await user.click(confirmIn(dialog));
    const again = await within(dialog).findByRole('button', { name: 'Use new price' });
    await screen.findAllByText('$66,000.00');
    await user.click(again);
    await user.click(await screen.findByRole('button', { name: 'Confirm buy' }));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(sent.map(({ reference }) => reference)).toEqual(['64123.45', '66000']);
    expect(sent[0]?.key).not.toBe(sent[1]?.key);
  });

  it('explains a refusal and places nothing more', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    server.use(http.post(at('/orders'), () => refusal(422, 'INSUFFICIENT_FUNDS')));
    await user.click(confirmIn(await review(user)));
    expect(await screen.findByText('You do not have enough available cash for this.')).toBeVisible();
  });

  it('checks the quantity before the dialog opens', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await user.type(await screen.findByLabelText('Quantity'), '0.0001');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    expect(screen.getByLabelText('Quantity')).toHaveAccessibleDescription(/least you can trade is 0.001 BTC/);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('fills in a share of the cash', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    const share = await screen.findByRole('button', { name: '50%' });
    await waitFor(() => {
      expect(share).toBeEnabled();
    });
    await user.click(share);
    expect(screen.getByLabelText('Quantity')).toHaveValue('0.00779745');
  });
});

import { focusManager } from '@tanstack/react-query';
import { act, screen, waitFor } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

const CALM_MS = 400;

const figure = (name: string) => screen.getByText(name).nextElementSibling;
const heard = () => screen.getByRole('status', { name: 'Costs' }).textContent;

async function openTicket(backend = new Backend()) {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const rendered = renderApp({ path: '/markets/BTC', signedIn: true, backend });
  const quantity = await screen.findByLabelText('Quantity');
  await screen.findByText('Available $1,000.00');
  const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
  return { ...rendered, quantity, pass };
}

afterEach(() => {
  focusManager.setFocused(undefined);
  vi.useRealTimers();
});

describe('the costs in a ticket', () => {
  it('are the server’s, shown while one types: fee, total with it and what one will hold', async () => {
    const { user, quantity, backend } = await openTicket();
    expect(figure('Fee')).toHaveTextContent('–');
    await user.type(quantity, '0.01');
    await waitFor(() => {
      expect(figure('Fee')).toHaveTextContent('$0.65');
    });
    expect(figure('You pay')).toHaveTextContent('$641.89');
    expect(figure('You hold afterwards')).toHaveTextContent('0.01 BTC');
    expect(heard()).toBe('Fee $0.65. You pay $641.89. You hold afterwards 0.01 BTC.');
    expect(backend.previewed).toHaveLength(1);
    expect(backend.placed).toHaveLength(0);
  });

  it('are asked for once the person pauses, and never for what is no order', async () => {
    const { user, quantity, backend, pass } = await openTicket();
    await user.type(quantity, '0,5');
    await pass(3 * CALM_MS);
    await user.clear(quantity);
    await user.type(quantity, '0.01');
    await pass(CALM_MS / 2);
    await user.type(quantity, '25');
    await pass(CALM_MS / 2);
    expect(backend.previewed).toHaveLength(0);
    await pass(CALM_MS / 2);
    await waitFor(() => {
      expect(backend.previewed.map((order) => order.quantity)).toEqual(['0.0125']);
    });
    await user.clear(quantity);
    await pass(3 * CALM_MS);
    expect(figure('Fee')).toHaveTextContent('–');
    expect(heard()).toBe('');
    expect(backend.previewed).toHaveLength(1);
  });

  it('are not asked for any more when something else is typed meanwhile', async () => {
    const { user, quantity, pass } = await openTicket();
    const given: AbortSignal[] = [];
    server.use(
      http.post(at('/orders/preview'), ({ request }) => {
        given.push(request.signal);
        return new Promise<never>(() => undefined);
      }),
    );
    await user.type(quantity, '0.01');
    await pass(CALM_MS);
    await waitFor(() => {
      expect(given).toHaveLength(1);
    });
    expect(given[0]?.aborted).toBe(false);
    await user.type(quantity, '1');
    await pass(CALM_MS / 4);
    expect(given[0]?.aborted).toBe(true);
  });

  it('follow the market every five seconds, without reading it out again', async () => {
    const { user, quantity, backend, pass } = await openTicket();
    await user.type(quantity, '0.01');
    await waitFor(() => {
      expect(figure('Fee')).toHaveTextContent('$0.65');
    });
    const before = heard();
    server.use(
      http.post(at('/orders/preview'), () => {
        backend.previewed.push({ order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01' });
        return HttpResponse.json({ data: { order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01', status: 'completed', price: '65000', market_price: '65000', price_as_of: null, total_amount: '650.00', fee: '0.66', cost: '650.66', available_balance: '349.34', available_quantity: '0.01' } });
      }),
    );
    await pass(20_000);
    await waitFor(() => {
      expect(figure('Fee')).toHaveTextContent('$0.66');
    });
    expect(heard()).toBe(before);
    expect(backend.previewed.length).toBeGreaterThan(2);
    expect(backend.previewed.length).toBeLessThan(7);
  });

  it('are not asked for while nobody looks', async () => {
    const { user, quantity, backend, pass } = await openTicket();
    act(() => {
      focusManager.setFocused(false);
    });
    await user.type(quantity, '0.01');
    await pass(20_000);
    expect(backend.previewed).toHaveLength(0);
    act(() => {
      focusManager.setFocused(true);
    });
    await waitFor(() => {
      expect(backend.previewed).toHaveLength(1);
    });
  });

  it('say plainly that they cannot be told, and come back by themselves', async () => {
    const { user, quantity, backend, pass } = await openTicket();
    server.use(http.post(at('/orders/preview'), () => refusal(503, 'SVC_001'), { once: true }));
    await user.type(quantity, '0.01');
    expect(await screen.findAllByText(/The fee cannot be told at the moment/)).toHaveLength(2);
    expect(screen.getByRole('button', { name: 'Review buy' })).toBeEnabled();
    await pass(16_000);
    await waitFor(() => {
      expect(figure('Fee')).toHaveTextContent('$0.65');
    });
    expect(backend.previewed).toHaveLength(1);
  });

  it('say so, too, when no answer comes at all', async () => {
    const { user, quantity, pass } = await openTicket();
    let asked = 0;
    server.use(
      http.post(at('/orders/preview'), () => {
        asked += 1;
        return new Promise<never>(() => undefined);
      }),
    );
    await user.type(quantity, '0.01');
    await pass(CALM_MS);
    await waitFor(() => {
      expect(asked).toBe(1);
    });
    await pass(8_000);
    expect(await screen.findAllByText(/The fee cannot be told at the moment/)).toHaveLength(2);
  });
});

import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { makeOrder } from '@/testing/fixtures';
import { at, Backend, http, refusal, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

function backendWith(count: number): Backend {
  const backend = new Backend();
  backend.orders = Array.from({ length: count }, (_, index) =>
    makeOrder({ order_id: `ord_${String(index).padStart(26, '0')}`, quantity: `${index + 1}.00000000`, order_type: index % 2 === 0 ? 'market_buy' : 'market_sell' }),
  );
  return backend;
}

const rowsShown = async () => within(await screen.findByRole('table', { name: 'Orders' })).getAllByRole('row').length - 1;

describe('the order history', () => {
  it('steps through pages in both directions', async () => {
    const { user } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(60) });
    expect(await rowsShown()).toBe(25);
    await user.click(screen.getByRole('button', { name: 'Older' }));
    expect(await screen.findByText('Page 2')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Older' }));
    expect(await screen.findByText('Page 3')).toBeVisible();
    expect(await rowsShown()).toBe(10);
    expect(screen.getByRole('button', { name: 'Older' })).toBeDisabled();
    await user.click(screen.getByRole('button', { name: 'Newer' }));
    expect(screen.getByText('Page 2')).toBeVisible();
  });

  it('filters by type, starting over at the first page', async () => {
    const { user, router } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(60) });
    await rowsShown();
    await user.click(screen.getByRole('button', { name: 'Older' }));
    await screen.findByText('Page 2');
    await user.selectOptions(screen.getByLabelText('Order type'), 'Market sell');
    expect(await screen.findByText('Page 1')).toBeVisible();
    expect(router.state.location.search).toEqual({ type: 'market_sell' });
    expect(screen.queryByText('Market buy', { selector: 'span' })).not.toBeInTheDocument();
  });

  it('tells everything about an order that is pressed', async () => {
    const backend = new Backend();
    backend.orders = [makeOrder({ order_type: 'limit_buy', status: 'completed', limit_price: '65000.00000000', time_in_force: 'GTC' })];
    const { user } = renderApp({ path: '/orders', signedIn: true, backend });
    await user.click(within(await screen.findByRole('table', { name: 'Orders' })).getByRole('button'));
    const details = await screen.findByRole('dialog', { name: 'Limit buy of BTC' });
    expect(within(details).getByText('$65,000.00')).toBeVisible();
    expect(within(details).getByText('Until cancelled')).toBeVisible();
    expect(within(details).getByText('ord_01KD0000000000000000000001')).toBeVisible();
    expect(within(details).getByRole('link', { name: 'Go to the BTC market' })).toHaveAttribute('href', '/markets/BTC');
    await user.click(within(details).getByRole('button', { name: 'Copy order id' }));
    expect(await navigator.clipboard.readText()).toBe('ord_01KD0000000000000000000001');
    expect(await screen.findByText('Copied the order id.')).toBeInTheDocument();
  });

  it('narrows to an asset, and keeps it in the address', async () => {
    const asked: (string | null)[] = [];
    const { user, router } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(2) });
    server.events.on('request:start', ({ request }) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname.endsWith('/orders') && searchParams.get('status') === null) asked.push(searchParams.get('asset_id'));
    });
    await rowsShown();
    await user.selectOptions(screen.getByLabelText('Asset'), 'Bitcoin (BTC)');
    expect(router.state.location.search).toEqual({ asset: 'BTC' });
    expect(asked.at(-1)).toBe('BTC');
  });

  it('invites to trade when there is nothing', async () => {
    renderApp({ path: '/orders', signedIn: true });
    expect(await screen.findByText('No orders yet')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Browse markets' })).toHaveAttribute('href', '/markets');
  });

  it('offers another try when loading failed', async () => {
    const { user } = renderApp({ path: '/orders', signedIn: true, backend: backendWith(1) });
    server.use(http.get(at('/orders'), () => refusal(500, 'INTERNAL'), { once: true }));
    await user.click(await screen.findByRole('button', { name: 'Try again' }));
    expect(await rowsShown()).toBe(1);
  });
});

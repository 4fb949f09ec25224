import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Backend } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

type User = ReturnType<typeof renderApp>['user'];

const confirmIn = (dialog: HTMLElement) => within(dialog).getByRole('button', { name: 'Confirm buy' });

describe('selling', () => {
  it('sells everything that is not held by open orders', async () => {
    const backend = new Backend();
    backend.portfolio = {
      ...backend.portfolio,
      asset_count: 1,
      assets: [{ asset_id: 'BTC', quantity: '0.50000000', held: '0.10000000', average_cost: '60000.00000000', current_price: '64123.45', market_value: '32061.72', unrealized_pnl: '2061.72', percentage: '100.00' }],
    };
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true, backend });
    await user.click(await screen.findByRole('radio', { name: 'Sell' }));
    const everything = screen.getByRole('button', { name: 'Max' });
    await waitFor(() => {
      expect(everything).toBeEnabled();
    });
    await user.click(everything);
    expect(screen.getByLabelText('Quantity')).toHaveValue('0.4');
    await user.click(screen.getByRole('button', { name: 'Review sell' }));
    const dialog = await screen.findByRole('dialog', { name: 'Sell Bitcoin' });
    await user.click(within(dialog).getByRole('button', { name: 'Confirm sell' }));
    expect(await screen.findByText(/^Sold/)).toBeVisible();
    expect(backend.placed[0]?.body.order_type).toBe('market_sell');
  });
});

describe('without a session', () => {
  it('offers the way in and back', async () => {
    renderApp({ path: '/markets/BTC' });
    expect(await screen.findByRole('link', { name: 'Log in to trade' })).toHaveAttribute('href', '/login?next=%2Fmarkets%2FBTC');
  });
});

describe('a limit order', () => {
  const fillIn = async (user: User, price: string) => {
    await user.click(await screen.findByRole('radio', { name: 'Limit' }));
    await user.type(screen.getByLabelText('Limit price'), price);
    await user.type(screen.getByLabelText('Quantity'), '0.01');
  };

  it('shows what it will hold, waits, and appears among the open ones', async () => {
    const { user, backend } = renderApp({ path: '/markets/BTC', signedIn: true });
    await fillIn(user, '60000');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    const dialog = await screen.findByRole('dialog', { name: 'Buy Bitcoin' });
    expect(await within(dialog).findByText('You hold once filled')).toBeVisible();
    expect(within(dialog).getByText('0.02 BTC')).toBeVisible();
    expect(within(dialog).getByText(/at or below your limit/)).toBeVisible();
    await user.click(confirmIn(dialog));
    expect(await screen.findByText('Your order to buy 0.01 BTC at $60,000.00 is open.')).toBeVisible();
    expect(backend.placed[0]?.body).toEqual({ order_type: 'limit_buy', asset_id: 'BTC', quantity: '0.01', price: '60000', time_in_force: 'GTC' });
    expect(await screen.findByRole('table', { name: 'Open orders' })).toBeVisible();
  });

  it('until a date needs one', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await fillIn(user, '60000');
    await user.selectOptions(screen.getByLabelText('Time in force'), 'Until a date');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    expect(screen.getByLabelText('Ends')).toHaveAccessibleDescription('Choose when the order ends.');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('takes the market price over at a click', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await user.click(await screen.findByRole('radio', { name: 'Limit' }));
    await user.click(screen.getByRole('button', { name: 'Use $64,123.45' }));
    expect(screen.getByLabelText('Limit price')).toHaveValue('64123.45');
  });
});

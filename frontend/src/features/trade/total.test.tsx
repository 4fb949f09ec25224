import { screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Backend } from '@/testing/backend';
import { makeBalance } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';

describe('an order by its total', () => {
  it('is worked out from the dollars, at the price of now', async () => {
    const backend = new Backend();
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true, backend });
    await user.type(await screen.findByLabelText('Total'), '500');
    expect(screen.getByLabelText('Quantity')).toHaveValue('0.00779745');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    const dialog = await screen.findByRole('dialog', { name: 'Buy Bitcoin' });
    await user.click(within(dialog).getByRole('button', { name: 'Confirm buy' }));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(backend.placed[0]?.body).toMatchObject({ order_type: 'market_buy', quantity: '0.00779745' });
    expect(screen.getByLabelText('Total')).toHaveValue('');
  });

  it('shows what a quantity comes to, and gives way to it', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await user.type(await screen.findByLabelText('Total'), '500');
    const quantity = screen.getByLabelText('Quantity');
    await user.clear(quantity);
    await user.type(quantity, '0.01');
    expect(screen.getByLabelText('Total')).toHaveValue('641.24');
  });

  it('is refused beside the field when it is no amount', async () => {
    const { user } = renderApp({ path: '/markets/BTC', signedIn: true });
    await user.type(await screen.findByLabelText('Total'), '0');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    expect(screen.getByLabelText('Total')).toHaveAccessibleDescription('Enter an amount above zero.');
  });
});

describe('without cash', () => {
  it('offers the way to a deposit instead of shares of nothing', async () => {
    const backend = new Backend();
    backend.balance = makeBalance({ current_balance: '0.00', available_balance: '0.00' });
    renderApp({ path: '/markets/BTC', signedIn: true, backend });
    expect(await screen.findByRole('link', { name: 'Deposit on your dashboard' })).toHaveAttribute('href', '/dashboard');
    expect(screen.getByRole('button', { name: 'Max' })).toBeDisabled();
  });
});

describe('in a language with a decimal comma', () => {
  it('takes and fills in amounts as its people write them', async () => {
    vi.spyOn(navigator, 'language', 'get').mockReturnValue('de-DE');
    const { user, backend } = renderApp({ path: '/markets/BTC', signedIn: true });
    const quantity = await screen.findByLabelText('Quantity');
    await user.type(quantity, '0,01');
    expect(screen.getByLabelText('Total')).toHaveValue('641,24');
    await user.click(screen.getByRole('button', { name: '50%' }));
    expect(quantity).toHaveValue('0,00779745');
    await user.clear(quantity);
    await user.type(quantity, '1.234');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    expect(quantity).toHaveAccessibleDescription('Use digits and a decimal comma, like 0,25.');
    await user.type(screen.getByLabelText('Total'), '{Control>}a{/Control}1.000,00');
    await user.click(screen.getByRole('button', { name: 'Review buy' }));
    const dialog = await screen.findByRole('dialog', { name: 'Buy Bitcoin' });
    await user.click(within(dialog).getByRole('button', { name: 'Confirm buy' }));
    expect(await screen.findByText(/^Bought/)).toBeVisible();
    expect(backend.placed[0]?.body.quantity).toBe('0.01559491');
  });
});

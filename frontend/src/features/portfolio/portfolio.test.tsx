import { screen, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { at, Backend, http, server } from '@/testing/backend';
import { makePortfolio } from '@/testing/fixtures';
import { renderApp } from '@/testing/render-app';

const point = (timestamp: string, value: string) => ({ timestamp, usd_balance: value, total_asset_value: '0.00', total_portfolio_value: value });

describe('the dashboard', () => {
  it('draws the value of the chosen period', async () => {
    const asked: (string | null)[] = [];
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    server.use(
      http.get(at('/portfolio/history'), ({ request }) => {
        asked.push(new URL(request.url).searchParams.get('period'));
        return HttpResponse.json({ period: '1w', interval_seconds: 3600, data: [point('2026-01-14T10:00:00.000Z', '900.00'), point('2026-01-15T10:00:00.000Z', '1000.00')] });
      }),
    );
    expect(await screen.findByText('Portfolio value over 1 day, now $1,000.00')).toBeVisible();
    await user.click(screen.getByRole('radio', { name: '1 year' }));
    expect(await screen.findByText('Portfolio value over 1 year, now $1,000.00')).toBeVisible();
    expect(asked).toEqual(['1d', '1y']);
  });

  it('says so while there is nothing to draw', async () => {
    renderApp({ path: '/dashboard', signedIn: true });
    expect(await screen.findByText('Nothing to draw yet')).toBeVisible();
  });

  it('shows shares and what each asset gained', async () => {
    const backend = new Backend();
    const position = { asset_id: 'BTC', quantity: '0.05000000', held: '0.00000000', average_cost: '60000.00000000', current_price: '66000', market_value: '3000.00', unrealized_pnl: '-300.00', percentage: '100.00' };
    backend.portfolio = makePortfolio({ usd_balance: '1000.00', assets: [position] });
    renderApp({ path: '/dashboard', signedIn: true, backend });
    const shares = await screen.findByRole('list', { name: 'Shares' });
    expect(within(shares).getAllByRole('listitem').map((item) => item.textContent)).toEqual(['BTC$3,000.0075.00%', 'Cash$1,000.0025.00%']);
    const gain = within(screen.getByRole('table', { name: 'Positions' })).getByRole('cell', { name: /^-\$300\.00/ });
    expect(gain).toHaveTextContent('-$300.00-10.00%');
  });

  it('sums up what all positions gained, and lists the largest first', async () => {
    const backend = new Backend();
    const position = (asset_id: string, market_value: string, unrealized_pnl: string) => ({ asset_id, quantity: '1.00000000', held: '0.00000000', average_cost: '100.00000000', current_price: market_value, market_value, unrealized_pnl, percentage: null });
    backend.portfolio = makePortfolio({ assets: [position('ADA', '110.00', '10.00'), position('BTC', '290.00', '-10.00'), position('ETH', '220.00', '20.00')] });
    renderApp({ path: '/dashboard', signedIn: true, backend });
    const table = await screen.findByRole('table', { name: 'Positions' });
    expect(within(table).getAllByRole('link').map((link) => link.getAttribute('href'))).toEqual(['/markets/BTC', '/markets/ETH', '/markets/ADA']);
    const value = screen.getByRole('region', { name: 'Portfolio value' });
    expect(within(value).getByText('+$20.00')).toBeVisible();
    expect(within(value).getByText('+3.33%')).toBeVisible();
  });
});

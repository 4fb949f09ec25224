import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { renderApp } from '@/testing/render-app';

const finder = () => screen.findByRole('dialog', { name: 'Go to a market' });

describe('the finder of markets', () => {
  it('opens by the keyboard anywhere, and goes to the first that fits', async () => {
    const { user, router } = renderApp({ path: '/orders', signedIn: true });
    await screen.findByRole('heading', { name: 'Orders' });
    await user.keyboard('{Control>}k{/Control}');
    await user.type(within(await finder()).getByRole('searchbox', { name: 'Find a market' }), 'eth{Enter}');
    await waitFor(() => {
      expect(router.state.location.pathname).toBe('/markets/ETH');
    });
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('leaves the letter alone while somebody types', async () => {
    const { user } = renderApp({ path: '/markets' });
    await user.type(await screen.findByRole('searchbox', { name: 'Search assets' }), 'k');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('does not take the place of another dialog', async () => {
    const { user } = renderApp({ path: '/dashboard', signedIn: true });
    await user.click(await screen.findByRole('button', { name: 'Deposit' }));
    await screen.findByRole('dialog', { name: 'Deposit cash' });
    await user.keyboard('{Control>}k{/Control}');
    expect(screen.queryByRole('dialog', { name: 'Go to a market' })).not.toBeInTheDocument();
  });

  it('switches from one market to another, favourites first', async () => {
    const { user, router } = renderApp({ path: '/markets' });
    await user.click(await screen.findByRole('button', { name: 'Favourite Ethereum' }));
    await router.navigate({ to: '/markets/$assetId', params: { assetId: 'BTC' } });
    await user.click(await screen.findByRole('button', { name: 'Switch market' }));
    const links = within(within(await finder()).getByRole('list', { name: 'Markets' })).getAllByRole('link');
    expect(links.map((link) => link.getAttribute('href'))).toEqual(['/markets/ETH', '/markets/BTC']);
    await user.click(links[0] as HTMLElement);
    expect(await screen.findByRole('heading', { name: /^Ethereum/ })).toBeVisible();
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('says so when nothing fits', async () => {
    const { user } = renderApp({ path: '/markets/BTC' });
    await user.click(await screen.findByRole('button', { name: 'Switch market' }));
    await user.type(within(await finder()).getByRole('searchbox'), 'nothing{Enter}');
    expect(within(await finder()).getByText('Nothing matches')).toBeVisible();
  });
});

import { act, screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeConnection } from '@/testing/fake-connection';
import { makeAsset } from '@/testing/fixtures';
import { at, Backend, http, server } from '@/testing/backend';
import { renderApp } from '@/testing/render-app';

const namesShown = async () => {
  const table = await screen.findByRole('table', { name: 'Assets' });
  return within(table).getAllByRole('link').map((link) => link.textContent);
};

afterEach(() => {
  vi.useRealTimers();
});

describe('markets', () => {
  it('are shown to everybody, and kept live', async () => {
    const backend = new Backend();
    renderApp({ path: '/', backend });
    expect(await screen.findByText('$64,123.45')).toBeVisible();
    backend.assets = [makeAsset({ price_usd: 64200.5 })];
    expect(await screen.findByText('$64,200.50')).toBeVisible();
  });

  it('learn what else became of the assets while their prices are streamed', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const connection = new FakeConnection();
    const { backend } = renderApp({ path: '/markets', connect: () => connection });
    await screen.findByText('$64,123.45');
    const solana = makeAsset({ asset_id: 'SOL', name: 'Solana', symbol: 'SOL' });
    backend.assets = [...backend.assets, solana];
    for (let second = 1; second <= 25; second += 1) {
      const prices = [{ asset_id: 'BTC', price_usd: 65_000 + second, last_updated: new Date().toISOString() }];
      await act(async () => {
        connection.emit('prices', JSON.stringify({ prices }));
        await vi.advanceTimersByTimeAsync(1_000);
      });
    }
    expect(await screen.findByRole('link', { name: /^Solana/ })).toBeVisible();
  });

  it('keep search, category and order in the address', async () => {
    const { user, router } = renderApp({ path: '/markets?sort=price-asc' });
    expect((await namesShown())[0]).toContain('Ethereum');
    await user.type(screen.getByRole('searchbox', { name: 'Search assets' }), 'bit');
    await waitFor(() => {
      expect(router.state.location.search).toEqual({ q: 'bit', sort: 'price-asc' });
    });
    expect(await namesShown()).toHaveLength(1);
    await user.selectOptions(screen.getByLabelText('Category'), 'layer-1');
    expect(await screen.findByText('Nothing matches')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    expect(await namesShown()).toHaveLength(2);
  });

  it('sort by a column’s heading, and back', async () => {
    const { user } = renderApp({ path: '/markets' });
    await user.click(await screen.findByRole('button', { name: 'Price' }));
    expect(screen.getByRole('columnheader', { name: 'Price' })).toHaveAttribute('aria-sort', 'descending');
    await user.click(screen.getByRole('button', { name: 'Price' }));
    await waitFor(async () => {
      expect((await namesShown())[0]).toContain('Ethereum');
    });
  });

  it('sort by name first from A, then from Z', async () => {
    const { user } = renderApp({ path: '/markets' });
    await user.click(await screen.findByRole('button', { name: 'Asset' }));
    expect(screen.getByRole('columnheader', { name: 'Asset' })).toHaveAttribute('aria-sort', 'ascending');
    await user.click(screen.getByRole('button', { name: 'Asset' }));
    expect(screen.getByRole('columnheader', { name: 'Asset' })).toHaveAttribute('aria-sort', 'descending');
    expect((await namesShown())[0]).toContain('Ethereum');
  });

  it('say so when the server is away, and recover', async () => {
    const { user } = renderApp({ path: '/markets' });
    server.use(http.get(at('/inventory/assets'), () => HttpResponse.error(), { once: true }));
    expect(await screen.findByText(/Figures may be out of date; trying again/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await namesShown()).toHaveLength(2);
    await waitFor(() => {
      expect(screen.queryByText(/trying again/)).not.toBeInTheDocument();
    });
  });

  it('keep favourites in this browser, and narrow to them', async () => {
    const { user, router } = renderApp({ path: '/markets?starred=true' });
    expect(await screen.findByText('No favourites yet')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    const star = await screen.findByRole('button', { name: 'Favourite Ethereum' });
    await user.click(star);
    expect(star).toHaveAttribute('aria-pressed', 'true');
    expect(localStorage.getItem('cnop.favourites')).toBe('["ETH"]');
    await user.click(screen.getByRole('button', { name: 'Favourites' }));
    await waitFor(() => {
      expect(router.state.location.search).toEqual({ starred: true });
    });
    expect(await namesShown()).toHaveLength(1);
  });

  it('name an asset that is not listed', async () => {
    renderApp({ path: '/markets/NOPE' });
    expect(await screen.findByText('“NOPE” is not listed')).toBeVisible();
  });
});

describe('unknown addresses', () => {
  it('lead back to the markets', async () => {
    renderApp({ path: '/nowhere/at/all' });
    expect(await screen.findByRole('heading', { name: 'This page does not exist' })).toBeVisible();
    expect(screen.getByRole('link', { name: 'Go to markets' })).toBeVisible();
  });
});

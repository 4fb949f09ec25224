import { describe, expect, it } from 'vitest';
import type { Position } from '@/shared/api/types';
import { toText } from '@/shared/money/decimal';
import { makePortfolio } from '@/testing/fixtures';
import { hasHistory, pointsOf } from './history';
import { byWorth, gainPercent, sharesOf, totalGain } from './shares';

const position = (asset_id: string, market_value: string | null, change: Partial<Position> = {}): Position => ({
  asset_id, market_value, quantity: '2.00000000', held: '0.00000000', average_cost: '100.00000000', current_price: '1', unrealized_pnl: '0.00', percentage: null, ...change,
});

const shown = (portfolio: ReturnType<typeof makePortfolio>, most = 6) => sharesOf(portfolio, most).map(({ name, percent }) => [name, toText(percent)]);

describe('sharesOf', () => {
  it('counts cash as a part, the largest first', () => {
    const portfolio = makePortfolio({ usd_balance: '100.00', assets: [position('ETH', '100.00'), position('BTC', '200.00')] });
    expect(shown(portfolio)).toEqual([['BTC', '50.00'], ['Cash', '25.00'], ['ETH', '25.00']]);
  });

  it('leaves out what has no price, and what is nothing', () => {
    expect(shown(makePortfolio({ usd_balance: '0.00', assets: [position('ETH', null), position('BTC', '3.00')] }))).toEqual([['BTC', '100.00']]);
  });

  it('puts the small ones together', () => {
    const assets = ['A', 'B', 'C', 'D'].map((name, index) => position(name, `${40 - index}.00`));
    expect(shown(makePortfolio({ usd_balance: '0.00', assets }), 3).map(([name]) => name)).toEqual(['A', 'B', 'Others']);
  });

  it('is empty without anything', () => {
    expect(shown(makePortfolio({ usd_balance: '0.00' }))).toEqual([]);
  });
});

describe('gainPercent', () => {
  it.each([
    ['20.00', '10.00'],
    ['-0.01', '-0.01'],
    ['66.66', '33.33'],
  ])('of %s on 200 is %s', (gain, percent) => {
    expect(gainPercent(position('BTC', '1', { unrealized_pnl: gain }))).toBe(percent);
  });

  it('is unknown where nothing was paid', () => {
    expect(gainPercent(position('BTC', '1', { average_cost: '0.00000000' }))).toBeNull();
  });
});

describe('totalGain', () => {
  it('sums up what has a price, in dollars and of what was paid', () => {
    const assets = [position('BTC', '110.00', { unrealized_pnl: '10.00' }), position('ETH', '95.00', { unrealized_pnl: '-5.00' }), position('SOL', null, { unrealized_pnl: null })];
    expect(totalGain(makePortfolio({ assets }))).toEqual({ amount: '5.00', percent: '2.50' });
  });

  it('is unknown while nothing has a price', () => {
    expect(totalGain(makePortfolio({ assets: [position('SOL', null, { unrealized_pnl: null })] }))).toBeNull();
  });
});

describe('byWorth', () => {
  it('puts the largest first, and what has no price last', () => {
    const positions = [position('A', null), position('B', '1.00'), position('C', '20.00')];
    expect(byWorth(positions).map(({ asset_id }) => asset_id)).toEqual(['C', 'B', 'A']);
  });
});

describe('history', () => {
  const at = (timestamp: string, value: string) => ({ timestamp, usd_balance: value, total_asset_value: '0.00', total_portfolio_value: value });

  it('has one point a second, oldest first', () => {
    const data = [at('2026-01-01T00:00:01.900Z', '5.00'), at('2026-01-01T00:00:00.000Z', '1.00'), at('2026-01-01T00:00:01.100Z', '9.00')];
    expect(pointsOf({ period: '1d', interval_seconds: 1, data }).map(({ value }) => value)).toEqual([1, 9]);
  });

  it('is worth drawing once there was something', () => {
    expect(hasHistory([{ time: 1, value: 0 }, { time: 2, value: 0 }])).toBe(false);
    expect(hasHistory([{ time: 1, value: 0 }, { time: 2, value: 3 }])).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { stepsOf } from './candles';
import { legendOf } from './chart-legend';

describe('the legend of a candle', () => {
  it('names its four prices, and what became of it', () => {
    const { figures, change, rose } = legendOf({ time: 0, open: 64_000, high: 65_500.5, low: 63_000, close: 65_000 });
    expect(figures.map(([letter, , figure]) => `${letter} ${figure}`)).toEqual(['O $64,000.00', 'H $65,500.50', 'L $63,000.00', 'C $65,000.00']);
    expect([change, rose]).toEqual(['+1.56%', true]);
  });

  it('tells a loss, and prices of which a cent would be too much', () => {
    const { figures, change, rose } = legendOf({ time: 0, open: 0.5, high: 0.5, low: 0.49, close: 0.4912 });
    expect(figures.at(-1)).toEqual(['C', 'Close', '$0.4912']);
    expect([change, rose]).toEqual(['-1.76%', false]);
  });

  it('claims no change from nothing', () => {
    expect(legendOf({ time: 0, open: 0, high: 1, low: 0, close: 1 }).change).toBe('–');
  });
});

it('tells how far apart the candles of an interval are', () => {
  expect((['1m', '5m', '1h', '1d'] as const).map(stepsOf)).toEqual(['minutes', 'minutes', 'hours', 'days']);
});

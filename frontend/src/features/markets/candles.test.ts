import { describe, expect, it } from 'vitest';
import { withTick } from './candles';

const last = { time: 120, open: 10, high: 12, low: 9, close: 11 };

describe('withTick', () => {
  it('moves the running bar', () => {
    expect(withTick(last, 13, 150, 60)).toEqual({ time: 120, open: 10, high: 13, low: 9, close: 13 });
  });

  it('opens the next bar where the last one closed', () => {
    expect(withTick(last, 13, 181, 60)).toEqual({ time: 180, open: 11, high: 13, low: 11, close: 13 });
  });

  it('keeps the opening within the range of a bar that falls at once', () => {
    expect(withTick(last, 8, 181, 60)).toEqual({ time: 180, open: 11, high: 11, low: 8, close: 8 });
  });

  it('starts without history', () => {
    expect(withTick(undefined, 5, 61, 60)).toEqual({ time: 60, open: 5, high: 5, low: 5, close: 5 });
  });
});

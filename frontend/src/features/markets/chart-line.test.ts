import { describe, expect, it } from 'vitest';
import { areAlike, type ChartLine, MOST_LINES, nearestLines } from './chart-line';

const line = (price: number): ChartLine => ({ id: `at ${price}`, price, priceText: `$${price}`, title: 'Buy 1', tone: 'buy' });
const pricesOf = (lines: readonly ChartLine[]) => lines.map(({ price }) => price);

describe('the lines that are drawn', () => {
  it('are all of a few, highest first', () => {
    expect(pricesOf(nearestLines([line(10), line(30), line(20)], 100))).toEqual([30, 20, 10]);
    expect(pricesOf(nearestLines([line(10), line(30)], null))).toEqual([30, 10]);
  });

  it('are those next to the price of many', () => {
    const many = Array.from({ length: 100 }, (_, index) => line(index + 1));
    expect(pricesOf(nearestLines(many, 50.2))).toEqual([53, 52, 51, 50, 49, 48]);
    expect(nearestLines(many, null)).toHaveLength(MOST_LINES);
  });

  it('are alike as long as nothing about them changes', () => {
    expect(areAlike([line(1), line(2)], [line(1), line(2)])).toBe(true);
    expect(areAlike([line(1)], [line(1), line(2)])).toBe(false);
    expect(areAlike([line(1)], [{ ...line(1), price: 3 }])).toBe(false);
    expect(areAlike([line(1)], [{ ...line(1), title: 'Buy 2' }])).toBe(false);
  });
});

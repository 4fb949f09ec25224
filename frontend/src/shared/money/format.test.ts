import { beforeEach, describe, expect, it, vi } from 'vitest';
import { directionOf, formatCompactMoney, formatLimit, formatMoney, formatPercent, formatPrice, formatPriceChange, formatQuantity, UNKNOWN } from './format';

function useLocale(locale: string) {
  vi.spyOn(navigator, 'language', 'get').mockReturnValue(locale);
}

beforeEach(() => {
  useLocale('en-US');
});

describe('formatMoney', () => {
  it('groups and shows cents', () => {
    expect(formatMoney('1234567.5')).toBe('$1,234,567.50');
  });

  it('never rounds up', () => {
    expect(formatMoney('0.999')).toBe('$0.99');
    expect(formatMoney('-0.001')).toBe('-$0.01');
  });

  it('keeps amounts beyond the precision of floats', () => {
    expect(formatMoney('90071992547409931.99')).toBe('$90,071,992,547,409,931.99');
  });

  it('follows the locale', () => {
    useLocale('de-DE');
    expect(formatMoney('1234.5').replace(/\s/g, ' ')).toBe('1.234,50 $');
  });

  it('shows the sign of a gain on request', () => {
    expect(formatMoney('12', { sign: true })).toBe('+$12.00');
    expect(formatMoney('0', { sign: true })).toBe('$0.00');
  });

  it.each([null, undefined, 'abc'])('shows a dash for %s', (value) => {
    expect(formatMoney(value)).toBe(UNKNOWN);
  });
});

describe('formatQuantity', () => {
  it('drops zeros that say nothing', () => {
    expect(formatQuantity('1.50000000')).toBe('1.5');
    expect(formatQuantity('1000.00000000')).toBe('1,000');
  });

  it('keeps the smallest unit', () => {
    expect(formatQuantity('0.00000001')).toBe('0.00000001');
  });

  it('rounds down what is finer than eight decimals', () => {
    expect(formatQuantity('0.999999999')).toBe('0.99999999');
  });
});

describe('formatPrice', () => {
  it.each([
    [64120.559, '$64,120.55'],
    [10, '$10.00'],
    [9.87654, '$9.8765'],
    [1, '$1.0000'],
    [0.4567, '$0.4567'],
    [0.00001234, '$0.00001234'],
    ['0.5', '$0.5000'],
  ])('shows %s as %s', (price, text) => {
    expect(formatPrice(price)).toBe(text);
  });
});

describe('formatLimit', () => {
  it.each([
    ['60000.00000000', '$60,000.00'],
    ['2627.94600000', '$2,627.946'],
    ['1.5', '$1.5000'],
    ['0.00001234', '$0.00001234'],
    [null, UNKNOWN],
  ])('shows %s as %s', (price, text) => {
    expect(formatLimit(price)).toBe(text);
  });
});

describe('formatPercent', () => {
  it.each([
    [1.239, '+1.23%'],
    ['-0.5', '-0.50%'],
    [0, '0.00%'],
    [null, UNKNOWN],
  ])('shows %s as %s', (value, text) => {
    expect(formatPercent(value)).toBe(text);
  });
});

describe('directionOf', () => {
  it('tells gains, losses and neither apart', () => {
    expect([directionOf('0.01'), directionOf(-3), directionOf('0.00'), directionOf(null)]).toEqual(['up', 'down', 'flat', 'flat']);
  });
});

describe('formatCompactMoney', () => {
  it.each([
    [1_999_999_999, '$1.99B'],
    [999_999_999, '$999.99M'],
    [1_230_000_000_000, '$1.23T'],
    [1999.9, '$1.99K'],
    [0, '$0.00'],
  ])('says %d in short, and never more than it is', (value, text) => {
    expect(formatCompactMoney(value)).toBe(text);
  });
});

describe('formatPriceChange', () => {
  it.each([
    [6.01, 3398.54, '+$6.01'],
    [-0.5, 64_000, '-$0.50'],
    [0.0123, 1.8013, '+$0.0123'],
    [-0.004, 0.6774, '-$0.0040'],
    [1089.054, 60_713.37, '+$1,089.05'],
    [0, 12, '$0.00'],
  ])('tells %d of a price of %d as %s', (change, price, text) => {
    expect(formatPriceChange(change, price)).toBe(text);
  });

  it('tells what is not known as such, and goes by itself where the price is not', () => {
    expect(formatPriceChange(null, 12)).toBe('–');
    expect(formatPriceChange(0.5, null)).toBe('+$0.5000');
  });
});

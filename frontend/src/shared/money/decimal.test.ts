import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  decimal,
  decimalOfNumber,
  divide,
  multiply,
  parseDecimal,
  percentOf,
  rescale,
  subtract,
  toText,
  trimmed,
} from './decimal';

describe('parseDecimal', () => {
  it.each(['0', '0.1', '-12.50', '999999999999999.999999999999999999'])('keeps every digit of %s', (text) => {
    expect(toText(decimal(text))).toBe(text);
  });

  it.each(['', '.', '1.', '.5', '1,5', '1e3', 'NaN', 'Infinity', '0x10', '１', '--1', '1 000'])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('ignores surrounding white space, as pasted text has it', () => {
    expect(parseDecimal(' 2.5 ')).toEqual({ units: 25n, scale: 1 });
  });
});

describe('decimalOfNumber', () => {
  it.each([
    [0.1, '0.1'],
    [1e-7, '0.0000001'],
    [1.5e-9, '0.0000000015'],
    [1e21, '1000000000000000000000'],
    [-64123.45, '-64123.45'],
  ])('reads %d as %s', (value, text) => {
    const parsed = decimalOfNumber(value);
    expect(parsed && toText(parsed)).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (value) => {
    expect(decimalOfNumber(value)).toBeNull();
  });
});

describe('arithmetic', () => {
  it('adds what floats cannot', () => {
    expect(toText(add(decimal('0.1'), decimal('0.2')))).toBe('0.3');
  });

  it('subtracts across scales', () => {
    expect(toText(subtract(decimal('1'), decimal('0.00000001')))).toBe('0.99999999');
  });

  it('multiplies exactly', () => {
    expect(toText(multiply(decimal('64123.45678901'), decimal('0.00000001')))).toBe('0.0006412345678901');
  });

  it.each([
    ['1', '3', 'down', '0.33'],
    ['1', '3', 'up', '0.34'],
    ['-1', '3', 'down', '-0.34'],
    ['-1', '3', 'up', '-0.33'],
    ['6', '3', 'up', '2.00'],
  ] as const)('divides %s by %s rounding %s', (left, right, rounding, expected) => {
    expect(toText(divide(decimal(left), decimal(right), 2, rounding))).toBe(expected);
  });

  it('refuses to divide by zero', () => {
    expect(() => divide(decimal('1'), decimal('0.00'), 2, 'down')).toThrow(RangeError);
  });

  it.each([
    ['0.019', 'down', '0.01'],
    ['0.011', 'up', '0.02'],
    ['-0.011', 'down', '-0.02'],
    ['-0.019', 'up', '-0.01'],
    ['5', 'up', '5.00'],
  ] as const)('rescales %s %s to %s', (value, rounding, expected) => {
    expect(toText(rescale(decimal(value), 2, rounding))).toBe(expected);
  });

  it('compares values, not their texts', () => {
    expect(compare(decimal('1.10'), decimal('1.1'))).toBe(0);
    expect(compare(decimal('9'), decimal('10'))).toBe(-1);
    expect(compare(decimal('-1'), decimal('-2'))).toBe(1);
  });

  it('drops trailing zeros down to a least scale', () => {
    expect(toText(trimmed(decimal('1.50000000')))).toBe('1.5');
    expect(toText(trimmed(decimal('2'), 2))).toBe('2.00');
    expect(toText(trimmed(decimal('0.00000000')))).toBe('0');
  });

  it('takes a share of a balance without exceeding it', () => {
    expect(toText(percentOf(decimal('0.00000003'), 50, 8))).toBe('0.00000001');
    expect(toText(percentOf(decimal('10.01'), 100, 2))).toBe('10.01');
  });
});

/**
 * Exact decimals. An amount is an integer count of 10^-scale units, so that money and
 * quantities never pass through a binary float.
 */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** `down` is towards minus infinity and `up` towards plus infinity. */
export type Rounding = 'down' | 'up';

const PLAIN = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/;
const EXPONENT = /^(-?\d+(?:\.\d+)?)e([+-]\d+)$/i;

export const ZERO: Decimal = { units: 0n, scale: 0 };

const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);

/** Reads a plain decimal such as `-12.50`; anything else is null. */
export function parseDecimal(text: string): Decimal | null {
  const match = PLAIN.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

/** Reads a decimal that a server promised to be one; throws when it is not. */
export function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === null) throw new RangeError('not a decimal');
  return parsed;
}

/** The decimal that a JSON number displays, for market data which arrives as numbers. */
export function decimalOfNumber(value: number): Decimal | null {
  if (!Number.isFinite(value)) return null;
  const text = String(value);
  const match = EXPONENT.exec(text);
  if (match === null) return parseDecimal(text);
  const mantissa = parseDecimal(match[1] ?? '');
  const exponent = Number(match[2]);
  if (mantissa === null) return null;
  if (exponent <= 0) return { units: mantissa.units, scale: mantissa.scale - exponent };
  return { units: mantissa.units * powerOfTen(exponent), scale: mantissa.scale };
}

function aligned(left: Decimal, right: Decimal): [bigint, bigint, number] {
  const scale = Math.max(left.scale, right.scale);
  return [
    left.units * powerOfTen(scale - left.scale),
    right.units * powerOfTen(scale - right.scale),
    scale,
  ];
}

export function add(left: Decimal, right: Decimal): Decimal {
  const [a, b, scale] = aligned(left, right);
  return { units: a + b, scale };
}

export function subtract(left: Decimal, right: Decimal): Decimal {
  const [a, b, scale] = aligned(left, right);
  return { units: a - b, scale };
}

export function multiply(left: Decimal, right: Decimal): Decimal {
  return { units: left.units * right.units, scale: left.scale + right.scale };
}

/** Negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compare(left: Decimal, right: Decimal): number {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export const isZero = (value: Decimal): boolean => value.units === 0n;
export const isNegative = (value: Decimal): boolean => value.units < 0n;
export const isPositive = (value: Decimal): boolean => value.units > 0n;

function dividedUnits(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return quotient;
  const negative = remainder < 0n !== denominator < 0n;
  if (rounding === 'down') return negative ? quotient - 1n : quotient;
  return negative ? quotient : quotient + 1n;
}

/** Divides to `scale` decimals; throws RangeError on a zero divisor. */
export function divide(left: Decimal, right: Decimal, scale: number, rounding: Rounding): Decimal {
  if (isZero(right)) throw new RangeError('division by zero');
  const [a, b] = aligned(left, right);
  return { units: dividedUnits(a * powerOfTen(scale), b, rounding), scale };
}

/** The value with exactly `scale` decimals. */
export function rescale(value: Decimal, scale: number, rounding: Rounding): Decimal {
  if (scale >= value.scale) return { units: value.units * powerOfTen(scale - value.scale), scale };
  return { units: dividedUnits(value.units, powerOfTen(value.scale - scale), rounding), scale };
}

/** The same value without trailing zeros, but with at least `minimumScale` decimals. */
export function trimmed(value: Decimal, minimumScale = 0): Decimal {
  let { units, scale } = value;
  while (scale > minimumScale && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return scale < minimumScale ? rescale({ units, scale }, minimumScale, 'down') : { units, scale };
}

/** Plain text such as `-12.50`, the form that the API takes. */
export function toText(value: Decimal): string {
  const digits = (value.units < 0n ? -value.units : value.units).toString().padStart(value.scale + 1, '0');
  const sign = value.units < 0n ? '-' : '';
  if (value.scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -value.scale)}.${digits.slice(-value.scale)}`;
}

/** Decimals that a reader sees in `text`, or null when it is no decimal. */
export const decimalsIn = (text: string): number | null => parseDecimal(text)?.scale ?? null;

/** `part` of `value` in percent, rounded down to the given scale. */
export function percentOf(value: Decimal, percent: number, scale: number): Decimal {
  return rescale(multiply(value, { units: BigInt(percent), scale: 2 }), scale, 'down');
}

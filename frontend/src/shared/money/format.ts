import { type Decimal, decimalOfNumber, isNegative, parseDecimal, rescale, toText, trimmed } from './decimal';

/** Shown where a figure is not known. */
export const UNKNOWN = '–';

const CENTS = 2;
const QUANTITY_SCALE = 8;
/** Of prices below ten dollars: a cent of them is too much of them. */
const SMALL_PRICE_SCALE = 4;

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = typeof navigator === 'undefined' ? undefined : navigator.language;
  const key = `${locale ?? ''}${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const created = new Intl.NumberFormat(locale, options);
  formats.set(key, created);
  return created;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatExactly(value: Decimal, options: Intl.NumberFormatOptions): string {
  return numberFormat({
    ...options,
    minimumFractionDigits: value.scale,
    maximumFractionDigits: value.scale,
  }).format(toText(value) as Intl.StringNumericLiteral);
}

type Amount = Decimal | string | null | undefined;

function read(amount: Amount): Decimal | null {
  if (amount === null || amount === undefined) return null;
  return typeof amount === 'string' ? parseDecimal(amount) : amount;
}

/** Dollars and cents. Rounds down, so that nobody is shown more than they have. */
export function formatMoney(amount: Amount, { sign = false }: { sign?: boolean } = {}): string {
  const value = read(amount);
  if (value === null) return UNKNOWN;
  return formatExactly(rescale(value, CENTS, 'down'), {
    style: 'currency',
    currency: 'USD',
    signDisplay: sign ? 'exceptZero' : 'auto',
  });
}

/** A quantity of an asset with all its decimals that matter, rounded down beyond eight. */
export function formatQuantity(amount: Amount): string {
  const value = read(amount);
  if (value === null) return UNKNOWN;
  return formatExactly(trimmed(rescale(value, Math.min(value.scale, QUANTITY_SCALE), 'down')), {});
}

/** Decimals a price needs to be told apart from its neighbours: 64,120.55 but 1.4761 and 0.000012. */
export function priceScale(value: Decimal): number {
  const whole = value.units / 10n ** BigInt(value.scale);
  if (whole >= 10n || whole <= -10n) return CENTS;
  if (whole !== 0n) return SMALL_PRICE_SCALE;
  const leadingZeros = value.scale - value.units.toString().replace('-', '').length;
  return Math.min(QUANTITY_SCALE, Math.max(SMALL_PRICE_SCALE, leadingZeros + SMALL_PRICE_SCALE));
}

/** A price per unit, from a decimal string or from market data's JSON number. */
export function formatPrice(price: Amount | number): string {
  const value = typeof price === 'number' ? decimalOfNumber(price) : read(price);
  if (value === null) return UNKNOWN;
  return formatExactly(rescale(value, priceScale(value), 'down'), { style: 'currency', currency: 'USD' });
}

/** A price that somebody set, such as a limit, with every digit that they gave it. */
export function formatLimit(price: Amount): string {
  const value = read(price);
  if (value === null) return UNKNOWN;
  const exact = trimmed(value, priceScale(value));
  return formatExactly(exact, { style: 'currency', currency: 'USD' });
}

/** By how much a price moved, with its sign and as many decimals as the price has. */
export function formatPriceChange(change: number | null | undefined, price: number | null): string {
  const [moved, now] = [change, price].map((figure) => (figure == null ? null : decimalOfNumber(figure)));
  if (moved == null) return UNKNOWN;
  return formatExactly(rescale(moved, priceScale(now ?? moved), 'down'), { style: 'currency', currency: 'USD', signDisplay: 'exceptZero' });
}

/** A percentage with two decimals and, unless told otherwise, its sign. */
export function formatPercent(percent: Amount | number, { sign = true }: { sign?: boolean } = {}): string {
  const value = typeof percent === 'number' ? decimalOfNumber(percent) : read(percent);
  if (value === null) return UNKNOWN;
  const shown = rescale(value, CENTS, 'down');
  // Intl's percent style multiplies by 100, so the value is moved two decimals instead.
  return numberFormat({
    style: 'percent',
    minimumFractionDigits: CENTS,
    maximumFractionDigits: CENTS,
    signDisplay: sign ? 'exceptZero' : 'auto',
  }).format(toText({ units: shown.units, scale: shown.scale + 2 }) as Intl.StringNumericLiteral);
}

/** A large dollar figure in short, such as $1.2T, and never more than it is; for market data only. */
export function formatCompactMoney(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return numberFormat({ style: 'currency', currency: 'USD', notation: 'compact', maximumFractionDigits: 2, roundingMode: 'trunc' }).format(value);
}

export type Direction = 'up' | 'down' | 'flat';

export function directionOf(amount: Amount | number): Direction {
  const value = typeof amount === 'number' ? decimalOfNumber(amount) : read(amount);
  if (value === null || value.units === 0n) return 'flat';
  return isNegative(value) ? 'down' : 'up';
}

import type { Portfolio } from '@/shared/api/types';
import { add, compare, type Decimal, divide, isPositive, multiply, parseDecimal, subtract, toText, ZERO } from '@/shared/money/decimal';

const PERCENT_SCALE = 2;
const HUNDRED: Decimal = { units: 100n, scale: 0 };

/** One part of everything owned. */
export interface Share {
  readonly name: string;
  readonly value: Decimal;
  /** In percent, rounded down. */
  readonly percent: Decimal;
}

function shareOf(name: string, value: Decimal, total: Decimal): Share {
  return { name, value, percent: divide(multiply(value, HUNDRED), total, PERCENT_SCALE, 'down') };
}

/** Cash and every asset with a price, the largest first; what comes after `most` is put together. */
export function sharesOf(portfolio: Portfolio, most: number): Share[] {
  const parts = [['Cash', portfolio.usd_balance] as const, ...portfolio.assets.map((position) => [position.asset_id, position.market_value] as const)]
    .map(([name, value]) => ({ name, value: value === null ? null : parseDecimal(value) }))
    .filter((part): part is { name: string; value: Decimal } => part.value !== null && isPositive(part.value))
    .sort((left, right) => compare(right.value, left.value));
  const total = parts.map(({ value }) => value).reduce(add, ZERO);
  const shown = parts.slice(0, parts.length > most ? most - 1 : most);
  const others = parts.slice(shown.length).map(({ value }) => value);
  const shares = shown.map(({ name, value }) => shareOf(name, value, total));
  return others.length === 0 ? shares : [...shares, shareOf('Others', others.reduce(add, ZERO), total)];
}

/** A gain in percent of what was paid, rounded down; null while either is unknown or nothing was paid. */
export function gainPercent(position: Portfolio['assets'][number]): string | null {
  const [gain, quantity, cost] = [position.unrealized_pnl, position.quantity, position.average_cost].map((text) => (text === null ? null : parseDecimal(text)));
  if (gain == null || quantity == null || cost == null) return null;
  const paid = multiply(quantity, cost);
  if (!isPositive(paid)) return null;
  return toText(divide(multiply(gain, HUNDRED), paid, PERCENT_SCALE, 'down'));
}

interface Gain {
  readonly amount: string;
  /** Of what was paid, rounded down; null where nothing was. */
  readonly percent: string | null;
}

/** Gains and losses of all positions that have a price; null when none has. */
export function totalGain(portfolio: Portfolio): Gain | null {
  const known = portfolio.assets.flatMap(({ unrealized_pnl, market_value }) => {
    const [gain, value] = [unrealized_pnl, market_value].map((text) => (text === null ? null : parseDecimal(text)));
    return gain == null || value == null ? [] : [{ gain, paid: subtract(value, gain) }];
  });
  if (known.length === 0) return null;
  const gain = known.map((each) => each.gain).reduce(add, ZERO);
  const paid = known.map((each) => each.paid).reduce(add, ZERO);
  return { amount: toText(gain), percent: isPositive(paid) ? toText(divide(multiply(gain, HUNDRED), paid, PERCENT_SCALE, 'down')) : null };
}

/** Positions by what they are worth, the largest first; those without a price come last. */
export function byWorth(positions: Portfolio['assets']): Portfolio['assets'] {
  const worth = ({ market_value }: Portfolio['assets'][number]) => (market_value === null ? null : parseDecimal(market_value));
  return [...positions].sort((left, right) => {
    const [a, b] = [worth(left), worth(right)];
    return a === null || b === null ? Number(a === null) - Number(b === null) : compare(b, a);
  });
}

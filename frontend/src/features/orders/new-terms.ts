import type { Order } from '@/shared/api/types';
import { compare, type Decimal, decimalOfNumber, divide, isPositive, multiply, parseDecimal, rescale, subtract, toText, trimmed } from '@/shared/money/decimal';
import { exampleOf, readTyped } from '@/shared/money/typed';
import { isBuy } from '@/shared/orders/wording';
import type { NewTerms } from './open-order-actions';

const CENTS = 2;

export type Field = 'price' | 'quantity';

export type CheckedTerms =
  | { readonly ok: true; readonly terms: NewTerms }
  | { readonly ok: false; readonly field: Field; readonly mistake: string };

const plain = (amount: Decimal): string => toText(trimmed(amount));

function read(text: string): Decimal | null {
  const value = readTyped(text);
  return value !== null && isPositive(value) ? value : null;
}

const differs = (value: Decimal, current: string | null): boolean => compare(value, parseDecimal(current ?? '') ?? { units: 0n, scale: 0 }) !== 0;

/** What to send for the terms as typed; the server judges them against the asset and the wallet. */
export function checkTerms(order: Order, priceText: string, quantityText: string): CheckedTerms {
  const [price, quantity] = [read(priceText), read(quantityText)];
  if (price === null) return { ok: false, field: 'price', mistake: `Enter a price above zero, like ${exampleOf('64000.50')}.` };
  if (quantity === null) return { ok: false, field: 'quantity', mistake: `Enter a quantity above zero, like ${exampleOf('0.25')}.` };
  const terms = {
    ...(differs(price, order.limit_price) ? { price: plain(price) } : {}),
    ...(differs(quantity, order.quantity) ? { quantity: plain(quantity) } : {}),
  };
  return Object.keys(terms).length === 0 ? { ok: false, field: 'price', mistake: 'Change the price, the quantity or both.' } : { ok: true, terms };
}

/** Quantity × price in cents before the fee; null while either is unreadable. */
export function totalOf(order: Order, priceText: string, quantityText: string): Decimal | null {
  const [price, quantity] = [read(priceText), read(quantityText)];
  return price === null || quantity === null ? null : rescale(multiply(price, quantity), CENTS, isBuy(order) ? 'up' : 'down');
}

const HUNDRED: Decimal = { units: 100n, scale: 0 };

/** How far above the market, or below it, a limit is, in percent; null while either is unknown. */
export function distanceFrom(marketPrice: number | null, { limit_price }: Pick<Order, 'limit_price'>): string | null {
  const [market, limit] = [marketPrice === null ? null : decimalOfNumber(marketPrice), limit_price === null ? null : parseDecimal(limit_price)];
  if (market === null || limit === null || !isPositive(market)) return null;
  return toText(divide(multiply(subtract(limit, market), HUNDRED), market, CENTS, 'down'));
}

import type { Asset, OrderType } from '@/shared/api/types';
import { compare, decimal, type Decimal, decimalOfNumber, divide, isPositive, multiply, percentOf, rescale, toText, trimmed, ZERO } from '@/shared/money/decimal';
import { formatQuantity } from '@/shared/money/format';
import { exampleOf, howToType, readTyped, typedText } from '@/shared/money/typed';

export type Side = 'buy' | 'sell';
export type Pricing = 'market' | 'limit';
export type TicketField = 'quantity' | 'total' | 'limitPrice' | 'endsAt';

export const TIMES_IN_FORCE = [
  ['GTC', 'Until cancelled', 'Waits for its price until you cancel it.'],
  ['IOC', 'Immediate or cancel', 'Fills at once at your limit or better, or not at all.'],
  ['GTD', 'Until a date', 'Waits for its price until the date, then ends by itself.'],
] as const;

export type TimeInForce = (typeof TIMES_IN_FORCE)[number][0];

export const isTimeInForce = (value: unknown): value is TimeInForce => TIMES_IN_FORCE.some(([time]) => time === value);

/** What somebody has filled in. */
export interface Ticket {
  readonly side: Side;
  readonly pricing: Pricing;
  readonly quantity: string;
  /** The dollars that the quantity follows from; null where the quantity itself was given. */
  readonly total: string | null;
  /** The rest is only for limit orders. */
  readonly limitPrice: string;
  readonly timeInForce: TimeInForce;
  /** When a GTD order ends, in the form of a `datetime-local` input, in the reader's time zone. */
  readonly endsAt: string;
}

/** What the ticket is judged against; null where it is not known. */
export interface Market {
  readonly asset: Asset;
  readonly cash: Decimal | null;
  readonly holding: Decimal | null;
}

/** An order as this page sends it: of the amounts that the API takes, it only sends exact text. */
export interface NewOrder {
  readonly order_type: OrderType;
  readonly asset_id: string;
  readonly quantity: string;
  readonly price?: string;
  readonly time_in_force?: TimeInForce;
  readonly expires_at?: string;
  readonly max_slippage_bps?: number;
  readonly reference_price?: string;
}

export type CheckedTicket =
  | { readonly ok: true; readonly order: NewOrder }
  | { readonly ok: false; readonly field: TicketField | null; readonly mistake: string };

const CENTS = 2;
const PRICE_SCALE = 8;
/** A market order is refused, not filled, when the price has moved against it by more than this. */
const MAX_SLIPPAGE_BPS = 100;
/** Of all cash, so much is spent: the rest covers the fee and the price moving meanwhile. */
const SPENDABLE_PERCENT = 99;
const NO_PRICE = 'There is no price at the moment. Try again shortly.';

export const EMPTY_TICKET: Ticket = { side: 'buy', pricing: 'market', quantity: '', total: null, limitPrice: '', timeInForce: 'GTC', endsAt: '' };

export const orderType = (side: Side, pricing: Pricing): OrderType => `${pricing}_${side}`;

/** The price that a ticket is calculated with: its limit, or the live price. */
export function priceOf(ticket: Ticket, asset: Asset): Decimal | null {
  if (ticket.pricing === 'limit') return readTyped(ticket.limitPrice);
  return asset.price_usd === null ? null : decimalOfNumber(asset.price_usd);
}

/** Quantity × price in cents, before the fee: buys round up, sells down, as the ledger does. */
export function estimatedTotal(ticket: Ticket, asset: Asset): Decimal | null {
  const [quantity, price] = [readTyped(ticket.quantity), priceOf(ticket, asset)];
  if (quantity === null || price === null || !isPositive(quantity) || !isPositive(price)) return null;
  return rescale(multiply(quantity, price), CENTS, ticket.side === 'buy' ? 'up' : 'down');
}

const capped = (quantity: Decimal, { max_quantity: max }: Asset): Decimal => (compare(quantity, decimal(max)) > 0 ? decimal(max) : quantity);

/** The quantity that uses `percent` of the cash (buy) or of the holding (sell). */
export function quantityForShare(percent: number, ticket: Ticket, { asset, cash, holding }: Market): string | null {
  if (ticket.side === 'sell') return holding === null ? null : typedText(trimmed(capped(percentOf(holding, percent, asset.scale), asset)));
  const price = priceOf(ticket, asset);
  if (cash === null || price === null || !isPositive(price)) return null;
  const spent = percentOf(cash, Math.min(percent, SPENDABLE_PERCENT), CENTS);
  return typedText(trimmed(capped(divide(spent, price, asset.scale, 'down'), asset)));
}

/** The ticket with the quantity that a total in dollars buys or sells at the price of now. */
export function withQuantity(ticket: Ticket, asset: Asset): Ticket {
  if (ticket.total === null) return ticket;
  const [total, price] = [readTyped(ticket.total), priceOf(ticket, asset)];
  if (total === null || price === null || !isPositive(total) || !isPositive(price)) return { ...ticket, quantity: '' };
  return { ...ticket, quantity: typedText(trimmed(divide(total, price, asset.scale, 'down'))) };
}

const refuse = (field: TicketField | null, mistake: string): CheckedTicket => ({ ok: false, field, mistake });

function quantityMistake(quantity: Decimal | null, asset: Asset): string | null {
  const [min, max] = [decimal(asset.min_quantity), decimal(asset.max_quantity)];
  if (quantity === null) return howToType('0.25');
  if (trimmed(quantity).scale > asset.scale) return `${asset.symbol} has ${asset.scale} decimals at most.`;
  if (compare(quantity, min) < 0) return `The least you can trade is ${formatQuantity(min)} ${asset.symbol}.`;
  if (compare(quantity, max) > 0) return `The most you can trade at once is ${formatQuantity(max)} ${asset.symbol}.`;
  return null;
}

/** What is wrong with a limit price; null when nothing is. */
export function limitPriceMistake(price: Decimal | null): string | null {
  if (price === null || !isPositive(price)) return `Enter a price above zero, like ${exampleOf('64000.50')}.`;
  if (trimmed(price).scale > PRICE_SCALE) return `Prices have ${PRICE_SCALE} decimals at most.`;
  return compare(price, decimal('1000000')) > 0 ? 'Prices go up to 1,000,000.' : null;
}

/** Why a total in dollars led to no quantity; null where it did, or where there is none. */
function totalRefusal({ quantity, total, pricing, limitPrice }: Ticket): CheckedTicket | null {
  if (quantity !== '' || total === null || total.trim() === '') return null;
  const amount = readTyped(total);
  if (amount === null) return refuse('total', howToType('250.00'));
  if (!isPositive(amount)) return refuse('total', 'Enter an amount above zero.');
  const wrongPrice = pricing === 'limit' ? limitPriceMistake(readTyped(limitPrice)) : null;
  return wrongPrice === null ? refuse(null, NO_PRICE) : refuse('limitPrice', wrongPrice);
}

function endMistake({ pricing, timeInForce, endsAt }: Ticket, now: number): string | null {
  if (pricing !== 'limit' || timeInForce !== 'GTD') return null;
  const end = Date.parse(endsAt);
  if (Number.isNaN(end)) return 'Choose when the order ends.';
  return end <= now ? 'Choose a moment that is still to come.' : null;
}

/** Checks what the page can know before asking the server, which decides anew. */
export function checkTicket(ticket: Ticket, { asset, cash, holding }: Market, now = Date.now()): CheckedTicket {
  const wrongTotal = totalRefusal(ticket);
  if (wrongTotal !== null) return wrongTotal;
  if (ticket.quantity.trim() === '') return refuse('quantity', 'Enter a quantity.');
  const quantity = readTyped(ticket.quantity);
  const mistake = quantityMistake(quantity, asset);
  if (quantity === null || mistake !== null) return refuse('quantity', mistake ?? '');
  const price = priceOf(ticket, asset);
  if (ticket.pricing === 'limit') {
    const wrongPrice = limitPriceMistake(price);
    if (wrongPrice !== null) return refuse('limitPrice', wrongPrice);
  }
  const wrongEnd = endMistake(ticket, now);
  if (wrongEnd !== null) return refuse('endsAt', wrongEnd);
  if (price === null) return refuse(null, NO_PRICE);
  const total = estimatedTotal(ticket, asset) ?? ZERO;
  if (!isPositive(total)) return refuse('quantity', 'This is worth less than a cent.');
  if (ticket.side === 'buy' && cash !== null && compare(total, cash) > 0) return refuse('quantity', 'This costs more than your available cash.');
  if (ticket.side === 'sell' && holding !== null && compare(quantity, holding) > 0) return refuse('quantity', `You have ${formatQuantity(holding)} ${asset.symbol} available.`);
  return { ok: true, order: orderOf(ticket, asset, quantity, price) };
}

function orderOf(ticket: Ticket, asset: Asset, quantity: Decimal, price: Decimal): NewOrder {
  const order = { order_type: orderType(ticket.side, ticket.pricing), asset_id: asset.asset_id, quantity: toText(trimmed(quantity)) };
  if (ticket.pricing === 'limit') {
    const limit = { ...order, price: toText(trimmed(price)), time_in_force: ticket.timeInForce };
    return ticket.timeInForce === 'GTD' ? { ...limit, expires_at: new Date(ticket.endsAt).toISOString() } : limit;
  }
  const reference = trimmed(rescale(price, Math.min(price.scale, PRICE_SCALE), 'down'));
  return { ...order, max_slippage_bps: MAX_SLIPPAGE_BPS, reference_price: toText(reference) };
}

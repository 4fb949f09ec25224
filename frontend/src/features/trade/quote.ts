import { ApiProblem, explain } from '@/shared/api/problem';
import type { OrderPreview } from '@/shared/api/types';
import { add, type Decimal, parseDecimal } from '@/shared/money/decimal';
import { formatMoney, formatQuantity } from '@/shared/money/format';
import type { CheckedTicket, Side, Ticket } from './ticket';

/** What the server says that a ticket would cost, or why nothing can be said. */
export type Quote =
  | { readonly told: true; readonly preview: OrderPreview }
  | { readonly told: false; readonly reason: string; readonly askAgainMs: number };

/** What of it a ticket shows. */
export interface ShownQuote {
  /** The question that it answers. */
  readonly question: string | null;
  readonly quote: Quote | null;
  /** What is read out: once per question, not whenever the price moves. */
  readonly spoken: string;
}

export const COST_NAMES: Readonly<Record<Side, string>> = { buy: 'You pay', sell: 'You receive' };
export const NOT_MET = 'The market does not meet your limit now: placed like this, nothing is traded.';
export const NO_QUOTE: ShownQuote = { question: null, quote: null, spoken: '' };

/** For how long figures stand before they are asked for anew, as prices move: 12 requests a minute where 20 a second are allowed. */
const FRESH_MS = 5_000;
const AFTER_TROUBLE_MS = 15_000;
const SECOND_MS = 1_000;
const NOT_NOW = 'The fee cannot be told at the moment. It is asked for again with the review.';
const TOO_MANY_REQUESTS = 429;
const SERVER_ERRORS = 500;

export const holdingName = (rests: boolean): string => (rests ? 'You hold once filled' : 'You hold afterwards');

/** What will be owned afterwards or, while the order waits, once it has filled. */
export function holdingAfter(preview: OrderPreview): Decimal | null {
  const [available, quantity] = [parseDecimal(preview.available_quantity), parseDecimal(preview.quantity)];
  if (available === null || quantity === null) return null;
  return preview.status === 'pending' && preview.order_type === 'limit_buy' ? add(available, quantity) : available;
}

/**
 * What the ticket would ask the server, as text: the same as long as the person changes nothing, whatever prices do.
 * Null while it is no order.
 */
export function questionOf(ticket: Ticket, checked: CheckedTicket): string | null {
  if (!checked.ok) return null;
  const { order_type, asset_id, price, time_in_force, expires_at } = checked.order;
  const amount = ticket.total === null ? ['quantity', checked.order.quantity] : ['total', ticket.total.trim()];
  return JSON.stringify([order_type, asset_id, amount, price, time_in_force, expires_at]);
}

/** The quote of a preview that was answered. */
export const answered = (preview: OrderPreview): Quote => (preview.status === 'cancelled' ? { told: false, reason: NOT_MET, askAgainMs: FRESH_MS } : { told: true, preview });

/** The quote of a preview that was refused, or never answered. */
export function unanswered(error: unknown): Quote {
  if (!(error instanceof ApiProblem) || error.status >= SERVER_ERRORS) return { told: false, reason: NOT_NOW, askAgainMs: AFTER_TROUBLE_MS };
  if (error.status !== TOO_MANY_REQUESTS) return { told: false, reason: explain(error), askAgainMs: AFTER_TROUBLE_MS };
  return { told: false, reason: NOT_NOW, askAgainMs: Math.max(AFTER_TROUBLE_MS, (error.retryAfterSeconds ?? 0) * SECOND_MS) };
}

/** How long to wait before the same is asked again. */
export const pauseAfter = (quote: Quote | undefined): number => (quote === undefined || quote.told ? FRESH_MS : quote.askAgainMs);

/** What a quote says in a sentence, for who does not see it. */
export function sentenceOf(quote: Quote, symbol: string): string {
  if (!quote.told) return quote.reason;
  const { preview } = quote;
  const side = preview.order_type.endsWith('buy') ? 'buy' : 'sell';
  const holding = `${holdingName(preview.status === 'pending')} ${formatQuantity(holdingAfter(preview))} ${symbol}`;
  return `Fee ${formatMoney(preview.fee)}. ${COST_NAMES[side]} ${formatMoney(preview.cost)}. ${holding}.`;
}

/**
 * What is shown next. Figures stay until there are newer ones, so that nothing flickers, but none outlives the order
 * that it was for: not when what is filled in becomes no order, nor when it becomes one of another kind.
 */
export function nextShown(shown: ShownQuote, question: string | null, answer: Quote | undefined, symbol: string): ShownQuote {
  if (question === null) return NO_QUOTE;
  if (answer === undefined) return isOfKind(shown.question, question) && shown.quote?.told === true ? shown : NO_QUOTE;
  if (shown.question === question && shown.quote === answer) return shown;
  const isNewsToTheEar = shown.question !== question || shown.quote?.told !== answer.told;
  return { question, quote: answer, spoken: isNewsToTheEar ? sentenceOf(answer, symbol) : shown.spoken };
}

const kindOf = (question: string): unknown => (JSON.parse(question) as unknown[])[0];

const isOfKind = (shown: string | null, question: string): boolean => shown !== null && kindOf(shown) === kindOf(question);

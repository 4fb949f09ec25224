import { compare, decimal, type Decimal, isPositive, parseDecimal, rescale, toText } from '@/shared/money/decimal';
import type { CashLimits } from '@/shared/api/types';
import { formatMoney } from '@/shared/money/format';
import { howToType, readTyped } from '@/shared/money/typed';
import type { CashMove } from './cash-actions';

const CENTS = 2;
const MOST = decimal('1000000');

export type CheckedAmount = { readonly ok: true; readonly amount: string } | { readonly ok: false; readonly mistake: string };

const refuse = (mistake: string): CheckedAmount => ({ ok: false, mistake });

/** What a movement is judged against; null where it is not known. */
export interface CashRules {
  readonly available: Decimal | null;
  readonly atOnce: Decimal;
  readonly perDay: Decimal | null;
  readonly leftToday: Decimal | null;
}

/** The rules of one way of moving cash, as far as the server has told them. */
export function rulesFor(move: CashMove, limits: CashLimits | undefined, available: Decimal | null): CashRules {
  const read = (text: string | undefined) => (text === undefined ? null : parseDecimal(text));
  return {
    available: move === 'withdraw' ? available : null,
    atOnce: read(limits?.most_at_once) ?? MOST,
    perDay: read(move === 'deposit' ? limits?.deposits_per_day : limits?.withdrawals_per_day),
    leftToday: read(move === 'deposit' ? limits?.deposits_left : limits?.withdrawals_left),
  };
}

/** Checks what somebody typed. */
export function checkAmount(typed: string, { available, atOnce, leftToday }: CashRules): CheckedAmount {
  if (typed.trim() === '') return refuse('Enter an amount.');
  const amount = readTyped(typed);
  if (amount === null) return refuse(howToType('250.00'));
  if (amount.scale > CENTS) return refuse('Dollars have two decimals at most.');
  if (!isPositive(amount)) return refuse('Enter an amount above zero.');
  if (compare(amount, atOnce) > 0) return refuse(`At most ${formatMoney(atOnce)} at a time.`);
  if (available !== null && compare(amount, available) > 0) return refuse(`You have ${formatMoney(available)} available.`);
  if (leftToday !== null && compare(amount, leftToday) > 0) return refuse(`Only ${formatMoney(leftToday)} more is possible today.`);
  return { ok: true, amount: toText(rescale(amount, CENTS, 'down')) };
}

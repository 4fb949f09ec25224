import { compare, decimal, type Decimal, isPositive, parseDecimal, rescale, toText } from '@/shared/money/decimal';
import { formatMoney } from '@/shared/money/format';
import type { CashMove } from './cash-actions';

const CENTS = 2;
const MOST = decimal('1000000');

export type CheckedAmount = { readonly ok: true; readonly amount: string } | { readonly ok: false; readonly mistake: string };

const refuse = (mistake: string): CheckedAmount => ({ ok: false, mistake });

/** Checks what somebody typed; `available` is null while it is not known. */
export function checkAmount(typed: string, move: CashMove, available: Decimal | null): CheckedAmount {
  if (typed.trim() === '') return refuse('Enter an amount.');
  const amount = parseDecimal(typed.trim().replace(/^\$/, '').replaceAll(/,(?=\d{3}(\D|$))/g, ''));
  if (amount === null) return refuse('Use digits and a decimal point, like 250.00.');
  if (amount.scale > CENTS) return refuse('Dollars have two decimals at most.');
  if (!isPositive(amount)) return refuse('Enter an amount above zero.');
  if (compare(amount, MOST) > 0) return refuse(`At most ${formatMoney(MOST)} at a time.`);
  if (move === 'withdraw' && available !== null && compare(amount, available) > 0) return refuse(`You have ${formatMoney(available)} available.`);
  return { ok: true, amount: toText(rescale(amount, CENTS, 'down')) };
}

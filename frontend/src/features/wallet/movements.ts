import type { CashTransaction } from '@/shared/api/types';

const NAMES: Readonly<Record<string, string>> = {
  deposit: 'Deposit',
  withdraw: 'Withdrawal',
  withdrawal: 'Withdrawal',
  buy: 'Purchase',
  order_payment: 'Purchase',
  sell: 'Sale',
  order_sale: 'Sale',
  fee: 'Fee',
};

const OUTGOING = new Set(['withdraw', 'withdrawal', 'buy', 'order_payment', 'fee']);

/** A code as words: `on_hold` becomes `On hold`. */
export const sentenceCase = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).toLowerCase().replaceAll('_', ' ');

export const nameOfMovement = (type: string): string => NAMES[type.toLowerCase()] ?? sentenceCase(type);

/** The amount with the sign it has for the owner, whether or not the server sent one. */
export function signedAmount({ transaction_type: type, amount }: Pick<CashTransaction, 'transaction_type' | 'amount'>): string {
  return OUTGOING.has(type.toLowerCase()) && !amount.startsWith('-') ? `-${amount}` : amount;
}

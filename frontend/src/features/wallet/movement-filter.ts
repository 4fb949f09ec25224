import type { Wanted } from '@/shared/api/filtered-pages';
import type { CashTransaction } from '@/shared/api/types';
import { ANY_DAY, type DayRange, isBefore, isWithin } from '@/shared/day-range';
import { nameOfMovement } from './movements';

export const MOVEMENT_TYPES = [
  ['', 'All types'],
  ['Deposit', 'Deposits'],
  ['Withdrawal', 'Withdrawals'],
  ['Purchase', 'Purchases'],
  ['Sale', 'Sales'],
] as const;

export interface MovementFilter {
  /** A name out of `nameOfMovement`; empty for all. */
  readonly type: string;
  readonly days: DayRange;
}

export const ALL_MOVEMENTS: MovementFilter = { type: '', days: ANY_DAY };

export const isNarrowed = ({ type, days }: MovementFilter): boolean => type !== '' || days.from !== '' || days.to !== '';

export const wantedBy = ({ type, days }: MovementFilter): Wanted<CashTransaction> => ({
  keep: (transaction) => (type === '' || nameOfMovement(transaction.transaction_type) === type) && isWithin(days, transaction.created_at),
  isTooOld: (transaction) => isBefore(days, transaction.created_at),
});

import type { Order, OrderType } from '@/shared/api/types';
import { formatDateTime } from '@/shared/time';
import type { Tone } from '@/shared/ui/badge';

export const TYPES: readonly (readonly [OrderType, string])[] = [
  ['market_buy', 'Market buy'],
  ['market_sell', 'Market sell'],
  ['limit_buy', 'Limit buy'],
  ['limit_sell', 'Limit sell'],
];

export const STATUSES = [
  ['pending', 'Open'],
  ['completed', 'Completed'],
  ['cancelled', 'Cancelled'],
  ['expired', 'Expired'],
] as const;

export type Status = (typeof STATUSES)[number][0];

export interface OrderFilter {
  readonly type?: OrderType | undefined;
  readonly status?: Status | undefined;
  readonly asset?: string | undefined;
}

export const isOrderType = (value: unknown): value is OrderType => TYPES.some(([type]) => type === value);
export const isStatus = (value: unknown): value is Status => STATUSES.some(([status]) => status === value);

const TONES: Readonly<Record<string, Tone>> = { pending: 'accent', completed: 'positive', cancelled: 'neutral', expired: 'warning' };

export const nameOfType = (type: OrderType): string => TYPES.find(([value]) => value === type)?.[1] ?? type;
const TIMES_IN_FORCE: Readonly<Record<string, string>> = { GTC: 'Until cancelled', IOC: 'Immediate or cancel' };

/** How long an order waits, or waited, for its price. */
export function endOf({ time_in_force, expires_at }: Pick<Order, 'time_in_force' | 'expires_at'>): string {
  return expires_at === null ? (TIMES_IN_FORCE[time_in_force ?? 'GTC'] ?? 'Until cancelled') : `Until ${formatDateTime(expires_at)}`;
}

export const nameOfStatus = (status: string): string => STATUSES.find(([value]) => value === status)?.[1] ?? status;
export const toneOfStatus = (status: string): Tone => TONES[status] ?? 'neutral';
export const isBuy = (order: Pick<Order, 'order_type'>): boolean => order.order_type.endsWith('_buy');

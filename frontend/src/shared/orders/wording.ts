import type { Order, OrderType } from '@/shared/api/types';
import type { Tone } from '@/shared/ui/badge';

export const TYPES: readonly (readonly [OrderType, string])[] = [
  ['market_buy', 'Market buy'],
  ['market_sell', 'Market sell'],
  ['limit_buy', 'Limit buy'],
  ['limit_sell', 'Limit sell'],
];

export const STATUSES = [
  ['pending', 'Pending'],
  ['completed', 'Completed'],
  ['cancelled', 'Cancelled'],
  ['expired', 'Expired'],
] as const;

export type Status = (typeof STATUSES)[number][0];

export interface OrderFilter {
  readonly type?: OrderType | undefined;
  readonly status?: Status | undefined;
}

export const isOrderType = (value: unknown): value is OrderType => TYPES.some(([type]) => type === value);
export const isStatus = (value: unknown): value is Status => STATUSES.some(([status]) => status === value);

const TONES: Readonly<Record<string, Tone>> = { pending: 'accent', completed: 'positive', cancelled: 'neutral', expired: 'warning' };

export const nameOfType = (type: OrderType): string => TYPES.find(([value]) => value === type)?.[1] ?? type;
export const nameOfStatus = (status: string): string => STATUSES.find(([value]) => value === status)?.[1] ?? status;
export const toneOfStatus = (status: string): Tone => TONES[status] ?? 'neutral';
export const isBuy = (order: Pick<Order, 'order_type'>): boolean => order.order_type.endsWith('_buy');

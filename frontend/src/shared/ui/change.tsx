import { directionOf, formatMoney, formatPercent, formatPriceChange } from '@/shared/money/format';

const TONE = { up: 'text-positive', down: 'text-negative', flat: 'text-muted' } as const;

/** A percentage that is coloured by its sign; the sign itself carries the meaning. */
export function PercentChange({ percent }: { percent: number | string | null | undefined }) {
  return <span className={`num ${TONE[directionOf(percent)]}`}>{formatPercent(percent)}</span>;
}

export function MoneyChange({ amount }: { amount: string | null | undefined }) {
  return <span className={`num ${TONE[directionOf(amount)]}`}>{formatMoney(amount, { sign: true })}</span>;
}

/** A change of a price, as market data's JSON number. */
export function PriceChange({ change }: { change: number | null | undefined }) {
  return <span className={`num ${TONE[directionOf(change)]}`}>{formatPriceChange(change)}</span>;
}

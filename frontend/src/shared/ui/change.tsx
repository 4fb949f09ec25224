import { directionOf, formatMoney, formatPercent, formatPriceChange } from '@/shared/money/format';

const TONE = { up: 'text-positive', down: 'text-negative', flat: 'text-muted' } as const;

/** A percentage that is coloured by its sign; the sign itself carries the meaning. */
export function PercentChange({ percent }: { percent: number | string | null | undefined }) {
  return <span className={`num ${TONE[directionOf(percent)]}`}>{formatPercent(percent)}</span>;
}

/** A gain in dollars and in percent, both coloured by the dollars: a percentage may round to nothing. */
export function Gain({ amount, percent }: { amount: string | null | undefined; percent: string | null | undefined }) {
  return (
    <span className={`num inline-flex flex-wrap items-baseline gap-x-1.5 ${TONE[directionOf(amount)]}`}>
      <span>{formatMoney(amount, { sign: true })}</span>
      {percent != null && <span className="text-sm">{formatPercent(percent)}</span>}
    </span>
  );
}

/** A change of a price, as market data's JSON number. */
export function PriceChange({ change, price }: { change: number | null | undefined; price: number | null }) {
  return <span className={`num ${TONE[directionOf(change)]}`}>{formatPriceChange(change, price)}</span>;
}

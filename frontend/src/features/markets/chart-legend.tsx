import { formatPercent, formatPrice } from '@/shared/money/format';
import type { Bar } from './candles';

const HUNDRED = 100;

/** What a legend says of a bar: its prices by name, and what became of it. */
export function legendOf({ open, high, low, close }: Bar) {
  return {
    figures: [
      ['O', 'Open', formatPrice(open)],
      ['H', 'High', formatPrice(high)],
      ['L', 'Low', formatPrice(low)],
      ['C', 'Close', formatPrice(close)],
    ],
    change: formatPercent(((close - open) / open) * HUNDRED),
    rose: close >= open,
  } as const;
}

/** Opening, highest, lowest and closing price of the latest bar, or of the one under the pointer. */
export function ChartLegend({ bar }: { bar: Bar }) {
  const { figures, change, rose } = legendOf(bar);
  const tone = rose ? 'text-positive' : 'text-negative';
  return (
    <ul aria-label="Candle" className="num flex flex-wrap gap-x-3 px-2 pt-1 pb-2 text-xs text-muted sm:px-3">
      {figures.map(([letter, name, figure]) => (
        <li key={letter} className="whitespace-nowrap">
          <span aria-hidden="true">{letter}</span>
          <span className="sr-only">{name}</span> <span className={tone}>{figure}</span>
        </li>
      ))}
      <li className={tone}>{change}</li>
    </ul>
  );
}

import { formatPercent, formatPrice } from '@/shared/money/format';
import type { Bar } from './candles';

const HUNDRED = 100;

/** Opening, highest, lowest and closing price of a bar. The eye's aid to the chart, whose label speaks for it. */
export function ChartLegend({ bar }: { bar: Bar }) {
  const tone = bar.close >= bar.open ? 'text-positive' : 'text-negative';
  const figures = [
    ['O', bar.open],
    ['H', bar.high],
    ['L', bar.low],
    ['C', bar.close],
  ] as const;
  return (
    <p aria-hidden="true" className="num flex flex-wrap gap-x-3 px-2 pt-1 pb-2 text-xs text-muted sm:px-3">
      {figures.map(([name, figure]) => (
        <span key={name} className="whitespace-nowrap">
          {name} <span className={tone}>{formatPrice(figure)}</span>
        </span>
      ))}
      <span className={tone}>{formatPercent(((bar.close - bar.open) / bar.open) * HUNDRED)}</span>
    </p>
  );
}

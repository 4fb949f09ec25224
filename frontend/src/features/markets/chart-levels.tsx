import { classes } from '@/shared/ui/classes';
import type { ChartLine } from './chart-line';

const LOOKS = { buy: 'border-positive', sell: 'border-negative', cost: 'border-muted' } as const;

interface ChartLevelsProps {
  lines: readonly ChartLine[];
  /** How many there are in all. */
  count: number;
}

/** Names the lines on the chart: in words for who does not see them, and with prices that lie beyond what it shows. */
export function ChartLevels({ lines, count }: ChartLevelsProps) {
  return (
    <ul aria-label="Your levels" className="num flex flex-wrap gap-x-5 gap-y-1.5 border-t border-line px-4 py-2.5 text-xs text-muted sm:px-5">
      {lines.map((line) => (
        <li key={line.id} className="flex items-center gap-2 whitespace-nowrap">
          <span aria-hidden="true" className={classes('w-4 border-t-2 border-dashed forced-color-adjust-none', LOOKS[line.tone])} />
          <span>
            {line.title} <span className="font-medium text-text">{line.priceText}</span>
          </span>
        </li>
      ))}
      {count > lines.length && <li>and {count - lines.length} further from the price</li>}
    </ul>
  );
}

/** A level to be marked on a price chart: a limit of an open order, or an average cost. */
export interface ChartLine {
  readonly id: string;
  /** For drawing only, never for money. */
  readonly price: number;
  /** The price with all its digits. */
  readonly priceText: string;
  readonly title: string;
  readonly tone: 'buy' | 'sell' | 'cost';
}

/** More lines, and names of lines, than this cannot be told apart. */
export const MOST_LINES = 6;

/** The levels next to a price, highest first; without a price, the first ones. */
export function nearestLines(lines: readonly ChartLine[], price: number | null): readonly ChartLine[] {
  const distance = (line: ChartLine) => Math.abs(line.price - (price ?? 0));
  const near = price === null ? lines : [...lines].sort((left, right) => distance(left) - distance(right));
  return near.slice(0, MOST_LINES).sort((left, right) => right.price - left.price);
}

/** Whether two selections would be drawn alike. */
export const areAlike = (some: readonly ChartLine[], others: readonly ChartLine[]): boolean =>
  some.length === others.length && some.every((line, index) => line.id === others[index]?.id && line.price === others[index].price && line.title === others[index].title);

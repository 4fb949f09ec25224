/** A point of the drawing. */
type Point = readonly [x: number, y: number];

/** Where closing prices lie in a box of this size, oldest at its left edge, highest at its top. A flat line lies in the middle. */
export function pointsOf(closes: readonly number[], width: number, height: number): readonly Point[] {
  const [low, high] = [Math.min(...closes), Math.max(...closes)];
  const step = width / Math.max(closes.length - 1, 1);
  const span = high - low;
  return closes.map((close, index) => [index * step, span === 0 ? height / 2 : height - ((close - low) / span) * height]);
}

/** The line through closing prices as an SVG path; null where there is nothing to connect. */
export function pathOf(closes: readonly number[], width: number, height: number): string | null {
  if (closes.length < 2) return null;
  return pointsOf(closes, width, height)
    .map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

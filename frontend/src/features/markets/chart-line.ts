/** A level to be marked on a price chart. Its price is for drawing only, never for money. */
export interface ChartLine {
  readonly price: number;
  readonly title: string;
  readonly tone: 'buy' | 'sell' | 'cost';
}

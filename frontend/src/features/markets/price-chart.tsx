import { CandlestickSeries, type IChartApi, type IPriceLine, type ISeriesApi, LineStyle, type MouseEventParams, type UTCTimestamp } from 'lightweight-charts';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { decimalOfNumber } from '@/shared/money/decimal';
import { formatPrice, priceScale } from '@/shared/money/format';
import { useTheme } from '@/shared/theme/theme';
import { dressChart, makeChart, tellTimes, token } from '@/shared/ui/chart';
import type { Steps } from '@/shared/ui/chart-time';
import type { Bar } from './candles';
import { ChartLegend } from './chart-legend';
import type { ChartLine } from './chart-line';

type Parts = readonly [IChartApi, ISeriesApi<'Candlestick'>];

/** Room for a bar and the gap after it, in CSS pixels; narrower ones cannot be told apart. */
const BAR_ROOM = 6;
const FEWEST_BARS = 24;
/** Bars' room left free at the right, where the next ones will be, and where lines have their names. */
const [AHEAD, AHEAD_WITH_LINES] = [4, 14];
/** Narrower charts, in CSS pixels, have no room for the names of lines. */
const NAMING_WIDTH = 480;

const TONES = { buy: '--positive', sell: '--negative', cost: '--muted' } as const;

function dress([chart, series]: Parts): void {
  dressChart(chart);
  const [up, down] = [token('--positive-solid'), token('--negative-solid')];
  series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
}

/** The step of the price axis: a ten-thousandth for prices of which a cent would be too much. */
function stepOf(bars: readonly Bar[]): number {
  const price = decimalOfNumber(bars.at(-1)?.close ?? 1);
  return 10 ** -(price === null ? 2 : priceScale(price));
}

const drawn = ({ time, ...figures }: Bar) => ({ time: time as UTCTimestamp, ...figures });

/** Shows as many of the latest bars as can be told apart. */
function showLatest(chart: IChartApi, count: number, named: boolean): void {
  const ahead = named ? AHEAD_WITH_LINES : AHEAD;
  const fitting = Math.floor(chart.timeScale().width() / BAR_ROOM) - ahead;
  const shown = Math.min(count, Math.max(FEWEST_BARS, fitting));
  chart.timeScale().setVisibleLogicalRange({ from: count - shown, to: count + ahead });
}

const hasRoomForNames = (chart: IChartApi): boolean => chart.timeScale().width() >= NAMING_WIDTH;

/** The bar under the pointer; null when there is none. */
function usePointedBar(parts: RefObject<Parts | null>): Bar | null {
  const [pointed, setPointed] = useState<Bar | null>(null);
  useEffect(() => {
    if (parts.current === null) return undefined;
    const [chart, series] = parts.current;
    const follow = ({ seriesData }: MouseEventParams) => {
      setPointed((seriesData.get(series) as Bar | undefined) ?? null);
    };
    chart.subscribeCrosshairMove(follow);
    return () => {
      chart.unsubscribeCrosshairMove(follow);
    };
  }, [parts]);
  return pointed;
}

/** Draws the levels that matter to the reader, anew when they or the colours change. */
function useLines(parts: RefObject<Parts | null>, lines: readonly ChartLine[], theme: string) {
  const shown = useRef<readonly IPriceLine[]>([]);
  useEffect(() => {
    if (parts.current === null) return;
    const [chart, series] = parts.current;
    const named = hasRoomForNames(chart);
    shown.current.forEach((line) => { series.removePriceLine(line); });
    shown.current = lines.map(({ price, title, tone }) =>
      series.createPriceLine({ price, title: named ? title : '', color: token(TONES[tone]), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true }),
    );
  }, [parts, lines, theme]);
}

interface PriceChartProps {
  label: string;
  bars: readonly Bar[];
  /** The running bar, moved by live prices. */
  running: Bar | null;
  lines: readonly ChartLine[];
  steps: Steps;
}

/** A candle chart. Loaded on demand: the library is as large as the rest of a page. */
export default function PriceChart({ label, bars, running, lines, steps }: PriceChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const theme = useTheme();
  const hasLines = lines.length > 0;

  useEffect(() => {
    if (container.current === null) return undefined;
    const chart = makeChart(container.current, formatPrice);
    parts.current = [chart, chart.addSeries(CandlestickSeries)];
    return () => {
      parts.current = null;
      chart.remove();
    };
  }, []);

  useEffect(() => {
    if (parts.current !== null) dress(parts.current);
  }, [theme]);

  useEffect(() => {
    if (parts.current === null) return;
    const [chart, series] = parts.current;
    series.applyOptions({ priceFormat: { type: 'custom', minMove: stepOf(bars), formatter: formatPrice } });
    tellTimes(chart, steps);
    series.setData(bars.map(drawn));
    showLatest(chart, bars.length, hasLines && hasRoomForNames(chart));
  }, [bars, steps, hasLines]);

  useEffect(() => {
    if (running !== null) parts.current?.[1].update(drawn(running));
  }, [running]);

  useLines(parts, lines, theme);
  const legend = usePointedBar(parts) ?? running ?? bars.at(-1);
  return (
    <div className="flex h-full flex-col">
      {legend !== undefined && <ChartLegend bar={legend} />}
      <div ref={container} role="img" aria-label={label} className="min-h-0 flex-1" />
    </div>
  );
}

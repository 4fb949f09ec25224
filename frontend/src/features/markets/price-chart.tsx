import { CandlestickSeries, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts';
import { useEffect, useRef } from 'react';
import { formatPrice } from '@/shared/money/format';
import { useTheme } from '@/shared/theme/theme';
import { dressChart, makeChart, token } from '@/shared/ui/chart';
import type { Bar } from './candles';

function dress(chart: IChartApi, series: ISeriesApi<'Candlestick'>): void {
  dressChart(chart);
  const [up, down] = [token('--positive-solid'), token('--negative-solid')];
  series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
}

function build(container: HTMLElement): [IChartApi, ISeriesApi<'Candlestick'>] {
  const chart = makeChart(container, formatPrice);
  chart.timeScale().applyOptions({ rightOffset: 3 });
  return [chart, chart.addSeries(CandlestickSeries)];
}

const drawn = ({ time, ...figures }: Bar) => ({ time: time as UTCTimestamp, ...figures });

interface PriceChartProps {
  label: string;
  bars: readonly Bar[];
  /** The running bar, moved by live prices. */
  running: Bar | null;
}

/** A candle chart. Loaded on demand: the library is as large as the rest of a page. */
export default function PriceChart({ label, bars, running }: PriceChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const parts = useRef<[IChartApi, ISeriesApi<'Candlestick'>] | null>(null);
  const theme = useTheme();

  useEffect(() => {
    if (container.current === null) return undefined;
    const built = build(container.current);
    parts.current = built;
    return () => {
      parts.current = null;
      built[0].remove();
    };
  }, []);

  useEffect(() => {
    if (parts.current !== null) dress(...parts.current);
  }, [theme]);

  useEffect(() => {
    if (parts.current === null) return;
    const [chart, series] = parts.current;
    series.setData(bars.map(drawn));
    chart.timeScale().fitContent();
  }, [bars]);

  useEffect(() => {
    if (running !== null) parts.current?.[1].update(drawn(running));
  }, [running]);

  return <div ref={container} role="img" aria-label={label} className="h-full w-full" />;
}

import { AreaSeries, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts';
import { useEffect, useRef } from 'react';
import { formatPrice } from '@/shared/money/format';
import { useTheme } from '@/shared/theme/theme';
import { dressChart, makeChart, token } from '@/shared/ui/chart';
import type { ChartPoint } from './history';

function dress(chart: IChartApi, series: ISeriesApi<'Area'>): void {
  dressChart(chart);
  series.applyOptions({ lineColor: token('--accent'), topColor: `${token('--accent')}33`, bottomColor: `${token('--accent')}05`, lineWidth: 2 });
}

/** Value over time as an area. Loaded on demand. */
export default function ValueChart({ label, points }: { label: string; points: readonly ChartPoint[] }) {
  const container = useRef<HTMLDivElement>(null);
  const parts = useRef<[IChartApi, ISeriesApi<'Area'>] | null>(null);
  const theme = useTheme();

  useEffect(() => {
    if (container.current === null) return undefined;
    const chart = makeChart(container.current, formatPrice);
    // The page scrolls; a chart that takes the wheel from it would be in the way.
    chart.applyOptions({ handleScroll: false, handleScale: false });
    parts.current = [chart, chart.addSeries(AreaSeries, { priceLineVisible: false })];
    return () => {
      parts.current = null;
      chart.remove();
    };
  }, []);

  useEffect(() => {
    if (parts.current !== null) dress(...parts.current);
  }, [theme]);

  useEffect(() => {
    if (parts.current === null) return;
    const [chart, series] = parts.current;
    series.setData(points.map(({ time, value }) => ({ time: time as UTCTimestamp, value })));
    chart.timeScale().fitContent();
  }, [points]);

  return <div ref={container} role="img" aria-label={label} className="h-full w-full" />;
}

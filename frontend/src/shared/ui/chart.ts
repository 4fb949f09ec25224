import { ColorType, createChart, type IChartApi, TickMarkType, type Time } from 'lightweight-charts';
import { type Mark, markLabel, momentLabel, type Steps } from './chart-time';

/** The value of a design token, such as `--line`. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const MARKS: Readonly<Record<TickMarkType, Mark>> = {
  [TickMarkType.Year]: 'year',
  [TickMarkType.Month]: 'month',
  [TickMarkType.DayOfMonth]: 'day',
  [TickMarkType.Time]: 'minute',
  [TickMarkType.TimeWithSeconds]: 'second',
};

/** Makes a chart in the page's clothes. Import only from what is loaded on demand: the library is large. */
export function makeChart(container: HTMLElement, priceFormatter: (price: number) => string): IChartApi {
  const chart = createChart(container, {
    autoSize: true,
    // The library's badge injects a style element, which the page's policy forbids; the footer carries the credit.
    layout: { attributionLogo: false, fontFamily: token('--font-sans') || 'system-ui', fontSize: 11 },
    localization: { priceFormatter },
    timeScale: { secondsVisible: false },
    rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
    handleScale: { axisPressedMouseMove: { time: true, price: false } },
  });
  tellTimes(chart, 'hours');
  return chart;
}

/** Says how far apart points are, and so how their times are told. The library by itself would tell UTC. */
export function tellTimes(chart: IChartApi, steps: Steps): void {
  chart.applyOptions({
    localization: { timeFormatter: (time: Time) => momentLabel(Number(time), steps) },
    timeScale: { timeVisible: steps !== 'days', tickMarkFormatter: (time: Time, mark: TickMarkType) => markLabel(Number(time), MARKS[mark], steps) },
  });
}

/** Gives a chart the colours of the current theme. */
export function dressChart(chart: IChartApi): void {
  const line = token('--line');
  chart.applyOptions({
    layout: { background: { type: ColorType.Solid, color: token('--surface') }, textColor: token('--muted') },
    grid: { vertLines: { visible: false }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line },
    timeScale: { borderColor: line },
    crosshair: { vertLine: { color: token('--line-strong'), labelBackgroundColor: token('--line-strong') }, horzLine: { color: token('--line-strong'), labelBackgroundColor: token('--line-strong') } },
  });
}

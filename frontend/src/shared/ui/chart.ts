import { ColorType, createChart, type IChartApi, TickMarkType, type Time } from 'lightweight-charts';

/** The value of a design token, such as `--line`. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const MARKS: Readonly<Record<TickMarkType, Intl.DateTimeFormatOptions>> = {
  [TickMarkType.Year]: { year: 'numeric' },
  [TickMarkType.Month]: { month: 'short' },
  [TickMarkType.DayOfMonth]: { month: 'short', day: 'numeric' },
  [TickMarkType.Time]: { hour: '2-digit', minute: '2-digit' },
  [TickMarkType.TimeWithSeconds]: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
};
const WHOLE_MOMENT: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
const WHOLE_DAY: Intl.DateTimeFormatOptions = { dateStyle: 'medium' };

/** In the reader's time zone, as everywhere on the page; the library by itself would tell UTC. */
const told = (time: Time, options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(navigator.language, options).format(Number(time) * 1000);

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
  tellTimes(chart, { wholeDays: false });
  return chart;
}

/** Says whether points stand for moments or for whole days, which are days of UTC. */
export function tellTimes(chart: IChartApi, { wholeDays }: { wholeDays: boolean }): void {
  const zone = wholeDays ? { timeZone: 'UTC' } : {};
  chart.applyOptions({
    localization: { timeFormatter: (time: Time) => told(time, { ...(wholeDays ? WHOLE_DAY : WHOLE_MOMENT), ...zone }) },
    timeScale: { timeVisible: !wholeDays, tickMarkFormatter: (time: Time, mark: TickMarkType) => told(time, { ...MARKS[mark], ...zone }) },
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

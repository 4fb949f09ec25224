import { ColorType, createChart, type IChartApi } from 'lightweight-charts';

/** The value of a design token, such as `--line`. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Makes a chart in the page's clothes. Import only from what is loaded on demand: the library is large. */
export function makeChart(container: HTMLElement, priceFormatter: (price: number) => string): IChartApi {
  return createChart(container, {
    autoSize: true,
    // The library's badge injects a style element, which the page's policy forbids; the footer carries the credit.
    layout: { attributionLogo: false, fontFamily: token('--font-sans') || 'system-ui', fontSize: 11 },
    localization: { priceFormatter },
    timeScale: { timeVisible: true, secondsVisible: false },
    rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
    handleScale: { axisPressedMouseMove: { time: true, price: false } },
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
  });
}

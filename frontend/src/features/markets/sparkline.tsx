import { useEffect, useRef, useState } from 'react';
import { useDayOfCloses } from './candles';
import { pathOf } from './sparkline-path';

const [WIDTH, HEIGHT] = [96, 28];
/** Rows this far below the window are asked for already, so that scrolling does not show gaps. */
const MARGIN = '200px';

/** Whether an element has come into view, once and for all; a list of hundreds asks only for what is looked at. */
function useHasBeenSeen() {
  const element = useRef<HTMLSpanElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || element.current === null || typeof IntersectionObserver === 'undefined') return undefined;
    const observer = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) setSeen(true); }, { rootMargin: MARGIN });
    observer.observe(element.current);
    return () => { observer.disconnect(); };
  }, [seen]);
  return [element, seen] as const;
}

/** The price of the last day as a small line. It says nothing that the change beside it does not, so it is hidden from readers. */
export function Sparkline({ assetId, price, percent }: { assetId: string; price: number | null; percent: number | null }) {
  const [element, seen] = useHasBeenSeen();
  const closes = useDayOfCloses(assetId, seen);
  const path = closes === undefined ? null : pathOf(price === null ? closes : [...closes, price], WIDTH, HEIGHT);
  const tone = percent === null || percent === 0 ? 'text-muted' : percent > 0 ? 'text-positive' : 'text-negative';
  return (
    <span ref={element} aria-hidden="true" className={`inline-block h-7 w-24 align-middle ${tone}`}>
      {path !== null && (
        <svg viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} className="size-full overflow-visible" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round">
          <path d={path} />
        </svg>
      )}
    </span>
  );
}

import { useEffect, useState } from 'react';
import { formatAgo, formatDateTime } from '@/shared/time';

const TICK_MS = 30_000;

/** How long ago something was, kept true while one looks; the moment itself is its title. */
export function Ago({ moment }: { moment: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()); }, TICK_MS);
    return () => { clearInterval(timer); };
  }, []);
  return (
    <time dateTime={moment} title={formatDateTime(moment, { seconds: true })}>
      {formatAgo(moment, now)}
    </time>
  );
}

/** How far apart a chart's points are. Days are days of UTC, as the server closes them; all else is told in the reader's time zone. */
export type Steps = 'minutes' | 'hours' | 'days';

/** What begins at a mark of the time axis. */
export type Mark = 'year' | 'month' | 'day' | 'minute' | 'second';

const DAY: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };
const MARKS: Readonly<Record<Mark, Intl.DateTimeFormatOptions>> = {
  year: { year: 'numeric' },
  month: { month: 'short' },
  day: DAY,
  minute: { hour: 'numeric', minute: '2-digit' },
  second: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
};
const WHOLE_MOMENT: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
const WHOLE_DAY: Intl.DateTimeFormatOptions = { dateStyle: 'medium' };
const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const MILLISECONDS = 1_000;

const inZone = (steps: Steps, zone: string | undefined): Intl.DateTimeFormatOptions => {
  const used = steps === 'days' ? 'UTC' : zone;
  return used === undefined ? {} : { timeZone: used };
};

const told = (seconds: number, options: Intl.DateTimeFormatOptions, locale: string): string => new Intl.DateTimeFormat(locale, options).format(seconds * MILLISECONDS);

/** Names the moment of a point, in seconds since 1970; without `zone`, in the reader's. */
export function momentLabel(seconds: number, steps: Steps, zone?: string): string {
  return told(seconds, { ...(steps === 'days' ? WHOLE_DAY : WHOLE_MOMENT), ...inZone(steps, zone) }, navigator.language);
}

/**
 * Names a mark of the time axis. The chart's library takes days to begin at midnight of UTC: among minutes, where a
 * mark elsewhere in the day would be read as its beginning, the reader's own clock decides.
 */
export function markLabel(seconds: number, mark: Mark, steps: Steps, zone?: string): string {
  const there = inZone(steps, zone);
  if (steps !== 'minutes' || mark === 'second') return told(seconds, { ...MARKS[mark], ...there }, navigator.language);
  const isMidnight = told(seconds, { ...CLOCK, ...there }, 'en-GB') === '00:00';
  return told(seconds, { ...(isMidnight ? DAY : MARKS.minute), ...there }, navigator.language);
}

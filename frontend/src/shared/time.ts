const DATE_TIME: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
const TO_THE_SECOND: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'medium' };

/** A moment in the reader's locale and time zone; a dash when there is none. */
export function formatDateTime(timestamp: string | null | undefined, { seconds = false }: { seconds?: boolean } = {}): string {
  if (timestamp === null || timestamp === undefined) return '–';
  const moment = new Date(timestamp);
  return Number.isNaN(moment.getTime()) ? '–' : new Intl.DateTimeFormat(navigator.language, seconds ? TO_THE_SECOND : DATE_TIME).format(moment);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** What lies further back is told by its date: "23 days ago" has to be counted back. */
const LONGEST_MS = 7 * DAY_MS;
const UNITS = [
  [DAY_MS, 'day'],
  [HOUR_MS, 'hour'],
  [MINUTE_MS, 'minute'],
] as const;

/** How long ago a moment was, within a week; else the moment itself. */
export function formatAgo(timestamp: string | null | undefined, now = Date.now()): string {
  const past = timestamp == null ? Number.NaN : now - Date.parse(timestamp);
  if (Number.isNaN(past) || past > LONGEST_MS || past < -MINUTE_MS) return formatDateTime(timestamp);
  const unit = UNITS.find(([length]) => past >= length);
  if (unit === undefined) return 'just now';
  return new Intl.RelativeTimeFormat(navigator.language, { numeric: 'always' }).format(-Math.floor(past / unit[0]), unit[1]);
}

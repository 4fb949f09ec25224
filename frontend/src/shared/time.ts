const DATE_TIME: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };

/** A moment in the reader's locale and time zone; a dash when there is none. */
export function formatDateTime(timestamp: string | null | undefined): string {
  if (timestamp === null || timestamp === undefined) return '–';
  const moment = new Date(timestamp);
  return Number.isNaN(moment.getTime()) ? '–' : new Intl.DateTimeFormat(navigator.language, DATE_TIME).format(moment);
}

/** Days as `YYYY-MM-DD` in the reader's time zone, both included; empty for open ends. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

export const ANY_DAY: DayRange = { from: '', to: '' };

const midnight = (day: string, days = 0): number => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + days).getTime();
};

/** Whether a moment lies before the range. */
export const isBefore = ({ from }: DayRange, timestamp: string): boolean => from !== '' && Date.parse(timestamp) < midnight(from);

/** Whether a moment lies within the range. */
export const isWithin = (range: DayRange, timestamp: string): boolean => !isBefore(range, timestamp) && (range.to === '' || Date.parse(timestamp) < midnight(range.to, 1));

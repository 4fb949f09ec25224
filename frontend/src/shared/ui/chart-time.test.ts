import { describe, expect, it } from 'vitest';
import { type Mark, markLabel, momentLabel, type Steps } from './chart-time';

const at = (moment: string): number => Date.parse(moment) / 1000;
// Newer editions of Unicode's data put a narrow no-break space before AM and PM.
const plain = (text: string): string => text.replaceAll('\u202f', ' ');
const moment = (time: string, steps: Steps, zone?: string) => plain(momentLabel(at(time), steps, zone));
const mark = (time: string, kind: Mark, steps: Steps, zone?: string) => plain(markLabel(at(time), kind, steps, zone));

describe('the moment of a point', () => {
  it('is told in the reader’s time zone, but a day is a day of UTC', () => {
    expect(moment('2026-01-15T23:30:00Z', 'minutes', 'America/New_York')).toBe('Jan 15, 2026, 6:30 PM');
    expect(moment('2026-01-15T23:30:00Z', 'hours', 'Asia/Tokyo')).toBe('Jan 16, 2026, 8:30 AM');
    expect(moment('2026-01-15T00:00:00Z', 'days', 'America/New_York')).toBe('Jan 15, 2026');
    expect(moment('2026-01-15T23:30:00Z', 'minutes')).toBe('Jan 15, 2026, 11:30 PM');
  });

  it('follows the clocks when they go forward and back', () => {
    expect(moment('2026-03-29T00:59:00Z', 'minutes', 'Europe/Berlin')).toBe('Mar 29, 2026, 1:59 AM');
    expect(moment('2026-03-29T01:00:00Z', 'minutes', 'Europe/Berlin')).toBe('Mar 29, 2026, 3:00 AM');
    expect(moment('2026-10-25T00:30:00Z', 'minutes', 'Europe/Berlin')).toBe('Oct 25, 2026, 2:30 AM');
    expect(moment('2026-10-25T01:30:00Z', 'minutes', 'Europe/Berlin')).toBe('Oct 25, 2026, 2:30 AM');
    expect(moment('2026-10-25T02:30:00Z', 'minutes', 'Europe/Berlin')).toBe('Oct 25, 2026, 3:30 AM');
  });
});

describe('a mark of the time axis', () => {
  it('among minutes is the date at the reader’s midnight, whatever day begins elsewhere', () => {
    expect(mark('2026-01-16T05:00:00Z', 'minute', 'minutes', 'America/New_York')).toBe('Jan 16');
    expect(mark('2026-01-16T00:00:00Z', 'day', 'minutes', 'America/New_York')).toBe('7:00 PM');
    expect(mark('2026-01-01T00:00:00Z', 'year', 'minutes', 'Asia/Kolkata')).toBe('5:30 AM');
    expect(mark('2026-01-16T00:00:00Z', 'day', 'minutes')).toBe('Jan 16');
  });

  it('finds midnight on both sides of a change of the clocks', () => {
    expect(mark('2026-03-28T23:00:00Z', 'minute', 'minutes', 'Europe/Berlin')).toBe('Mar 29');
    expect(mark('2026-03-29T22:00:00Z', 'minute', 'minutes', 'Europe/Berlin')).toBe('Mar 30');
    expect(mark('2026-03-29T23:00:00Z', 'minute', 'minutes', 'Europe/Berlin')).toBe('1:00 AM');
  });

  it('among hours is as coarse as the axis wishes, and among days of UTC', () => {
    expect(mark('2026-01-16T00:00:00Z', 'day', 'hours', 'America/New_York')).toBe('Jan 15');
    expect(mark('2026-01-16T03:00:00Z', 'minute', 'hours', 'America/New_York')).toBe('10:00 PM');
    expect(mark('2026-01-16T00:00:00Z', 'day', 'days', 'America/New_York')).toBe('Jan 16');
    expect(mark('2026-02-01T00:00:00Z', 'month', 'days', 'America/New_York')).toBe('Feb');
    expect(mark('2026-01-01T00:00:00Z', 'year', 'days', 'America/New_York')).toBe('2026');
  });

  it('may be a second', () => {
    expect(mark('2026-01-16T00:00:05Z', 'second', 'minutes', 'Asia/Tokyo')).toBe('9:00:05 AM');
  });
});

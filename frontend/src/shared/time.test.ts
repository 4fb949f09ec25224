import { describe, expect, it } from 'vitest';
import { formatAgo, formatDateTime } from './time';

const NOW = Date.parse('2026-01-15T10:00:00.000Z');

describe('formatAgo', () => {
  it.each([
    ['2026-01-15T10:00:00.000Z', 'just now'],
    ['2026-01-15T09:59:01.000Z', 'just now'],
    ['2026-01-15T09:58:59.000Z', '1 minute ago'],
    ['2026-01-15T07:00:01.000Z', '2 hours ago'],
    ['2026-01-13T10:00:00.000Z', '2 days ago'],
    // A clock that runs a little behind the server's.
    ['2026-01-15T10:00:30.000Z', 'just now'],
  ])('tells of %s that it was %s', (moment, text) => {
    expect(formatAgo(moment, NOW)).toBe(text);
  });

  it('gives the date of what lies further back, or ahead', () => {
    expect(formatAgo('2026-01-01T10:00:00.000Z', NOW)).toContain('Jan 1, 2026');
    expect(formatAgo('2026-02-01T10:00:00.000Z', NOW)).toContain('Feb 1, 2026');
  });

  it.each([null, undefined, 'never'])('shows a dash for %s', (moment) => {
    expect(formatAgo(moment, NOW)).toBe('–');
  });
});

describe('formatDateTime', () => {
  it('tells the second on request', () => {
    expect(formatDateTime('2026-01-15T10:00:07.000Z', { seconds: true })).toMatch(/10:00:07/);
    expect(formatDateTime('2026-01-15T10:00:07.000Z')).not.toMatch(/:07/);
  });
});

import { describe, expect, it } from 'vitest';
import { safeNext } from './next-path';

describe('safeNext', () => {
  it('keeps paths of this application', () => {
    expect(safeNext('/markets/BTC?x=1')).toBe('/markets/BTC?x=1');
  });

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', 'markets', '', 7, undefined])('refuses %s', (next) => {
    expect(safeNext(next)).toBeUndefined();
  });
});

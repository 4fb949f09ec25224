import { describe, expect, it } from 'vitest';
import { pathOf } from './sparkline-path';

describe('a sparkline', () => {
  it('runs from the left to the right edge, its highest price at the top', () => {
    expect(pathOf([10, 30, 20], 100, 20)).toBe('M0.0 20.0L50.0 0.0L100.0 10.0');
  });

  it('lies in the middle when nothing moved', () => {
    expect(pathOf([5, 5], 100, 20)).toBe('M0.0 10.0L100.0 10.0');
  });

  it('is not drawn of less than two prices', () => {
    expect(pathOf([], 100, 20)).toBeNull();
    expect(pathOf([5], 100, 20)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { decimal } from '@/shared/money/decimal';
import { makeLimits } from '@/testing/fixtures';
import { checkAmount, rulesFor } from './cash-amount';

const UNKNOWN = rulesFor('deposit', undefined, null);

describe('checkAmount', () => {
  it.each([
    ['250', '250.00'],
    ['0.1', '0.10'],
    ['$1,250.50', '1250.50'],
    [' 1000000 ', '1000000.00'],
  ])('takes %j as %s', (typed, amount) => {
    expect(checkAmount(typed, UNKNOWN)).toEqual({ ok: true, amount });
  });

  it.each(['', 'ten', '1,5', '0', '-5', '1.234', '1000000.01', '1e3'])('refuses %j', (typed) => {
    expect(checkAmount(typed, UNKNOWN).ok).toBe(false);
  });

  it('does not let more be withdrawn than is available', () => {
    const rules = rulesFor('withdraw', undefined, decimal('10.00'));
    expect(checkAmount('10.01', rules)).toMatchObject({ mistake: 'You have $10.00 available.' });
    expect(checkAmount('10.00', rules).ok).toBe(true);
    expect(checkAmount('10.01', rulesFor('deposit', undefined, decimal('10.00'))).ok).toBe(true);
  });

  it('knows what the day still allows, for each way by itself', () => {
    const limits = makeLimits({ deposits_left: '20.00', withdrawals_left: '5.00' });
    expect(checkAmount('20.01', rulesFor('deposit', limits, null))).toMatchObject({ mistake: 'Only $20.00 more is possible today.' });
    expect(checkAmount('20', rulesFor('deposit', limits, null)).ok).toBe(true);
    expect(checkAmount('5.01', rulesFor('withdraw', limits, decimal('100'))).ok).toBe(false);
  });
});

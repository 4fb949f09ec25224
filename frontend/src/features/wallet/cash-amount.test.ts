import { describe, expect, it } from 'vitest';
import { decimal } from '@/shared/money/decimal';
import { checkAmount } from './cash-amount';

describe('checkAmount', () => {
  it.each([
    ['250', '250.00'],
    ['0.1', '0.10'],
    ['$1,250.50', '1250.50'],
    [' 1000000 ', '1000000.00'],
  ])('takes %j as %s', (typed, amount) => {
    expect(checkAmount(typed, 'deposit', null)).toEqual({ ok: true, amount });
  });

  it.each(['', 'ten', '1,5', '0', '-5', '1.234', '1000000.01', '1e3'])('refuses %j', (typed) => {
    expect(checkAmount(typed, 'deposit', null).ok).toBe(false);
  });

  it('does not let more be withdrawn than is available', () => {
    expect(checkAmount('10.01', 'withdraw', decimal('10.00'))).toMatchObject({ mistake: 'You have $10.00 available.' });
    expect(checkAmount('10.00', 'withdraw', decimal('10.00')).ok).toBe(true);
    expect(checkAmount('10.01', 'deposit', decimal('10.00')).ok).toBe(true);
  });
});

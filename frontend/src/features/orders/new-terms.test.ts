import { describe, expect, it } from 'vitest';
import { toText } from '@/shared/money/decimal';
import { makeOrder } from '@/testing/fixtures';
import { typedFrom } from '@/shared/money/typed';
import { checkTerms, distanceFrom, totalOf } from './new-terms';

const order = makeOrder({ order_type: 'limit_buy', status: 'pending', limit_price: '60000.00000000', quantity: '0.01000000' });

describe('new terms of an order', () => {
  it('send only what differs in value, not in writing', () => {
    expect(checkTerms(order, '60000', '0.0200')).toEqual({ ok: true, terms: { quantity: '0.02' } });
    expect(checkTerms(order, '59000.50', '0.01')).toEqual({ ok: true, terms: { price: '59000.5' } });
  });

  it('are refused when nothing changes', () => {
    expect(checkTerms(order, '60000.0', '0.01')).toMatchObject({ ok: false, mistake: expect.stringContaining('Change') as string });
  });

  it.each([
    ['0', '1', 'price'],
    ['1', 'x', 'quantity'],
  ])('are refused when unreadable: %s, %s', (price, quantity, field) => {
    expect(checkTerms(order, price, quantity)).toMatchObject({ ok: false, field });
  });

  it('begin as one would type them', () => {
    expect(typedFrom(order.limit_price)).toBe('60000');
    expect(typedFrom(order.quantity)).toBe('0.01');
  });

  it('round the total against the owner', () => {
    expect(toText(totalOf(order, '60000.01', '0.00000123')!)).toBe('0.08');
    expect(toText(totalOf({ ...order, order_type: 'limit_sell' }, '60000.01', '0.00000123')!)).toBe('0.07');
  });
});

describe('the distance of a limit from the market', () => {
  it.each([
    [80000, '-25.00'],
    [50000, '20.00'],
    [60000, '0.00'],
  ])('at %s is %s percent', (market, percent) => {
    expect(distanceFrom(market, order)).toBe(percent);
  });

  it.each([null, 0])('is unknown at the price %s', (market) => {
    expect(distanceFrom(market, order)).toBeNull();
  });
});

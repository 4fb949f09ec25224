import { describe, expect, it } from 'vitest';
import { makeOrder } from '@/testing/fixtures';
import { levelsOf } from './own-levels';

const waiting = makeOrder({ order_id: 'ord_buy', order_type: 'limit_buy', status: 'pending', limit_price: '60000.50000000', executed_price: null });

describe('levels on the chart', () => {
  it('are the limits of orders that wait, with every digit that was given', () => {
    const sale = makeOrder({ order_id: 'ord_sell', order_type: 'limit_sell', status: 'pending', quantity: '0.50000000', limit_price: '70000.12345678' });
    expect(levelsOf([waiting, sale], null)).toEqual([
      { id: 'ord_buy', price: 60_000.5, priceText: '$60,000.50', title: 'Buy 0.01', tone: 'buy' },
      { id: 'ord_sell', price: 70_000.123_456_78, priceText: '$70,000.12345678', title: 'Sell 0.5', tone: 'sell' },
    ]);
  });

  it.each(['completed', 'cancelled', 'expired'] as const)('are not those of an order that is %s', (status) => {
    expect(levelsOf([{ ...waiting, status }], null)).toEqual([]);
  });

  it('are none for an order without a limit', () => {
    expect(levelsOf([makeOrder({ status: 'pending', limit_price: null })], null)).toEqual([]);
  });

  it('end with what the holding cost on average, where it cost something', () => {
    expect(levelsOf([], '64123.45670000')).toEqual([{ id: 'cost', price: 64_123.4567, priceText: '$64,123.45', title: 'Average cost', tone: 'cost' }]);
    expect(levelsOf([], '0.00000000')).toEqual([]);
    expect(levelsOf([], null)).toEqual([]);
  });
});

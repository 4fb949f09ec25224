import { describe, expect, it } from 'vitest';
import { decimal, toText } from '@/shared/money/decimal';
import { makeAsset } from '@/testing/fixtures';
import { checkTicket, EMPTY_TICKET, estimatedTotal, type Market, quantityForShare, type Ticket, withQuantity } from './ticket';

const asset = makeAsset({ asset_id: 'BTC', symbol: 'BTC', price_usd: 64123.45, scale: 8, min_quantity: '0.001', max_quantity: '1000' });
const market: Market = { asset, cash: decimal('1000.00'), holding: decimal('0.50000000') };
const ticket = (change: Partial<Ticket>): Ticket => ({ ...EMPTY_TICKET, ...change });

describe('estimatedTotal', () => {
  it('rounds up what is paid and down what is received', () => {
    const total = (side: 'buy' | 'sell') => estimatedTotal(ticket({ side, quantity: '0.00123456' }), asset);
    expect(toText(total('buy')!)).toBe('79.17');
    expect(toText(total('sell')!)).toBe('79.16');
  });

  it('uses the limit price of a limit order', () => {
    expect(toText(estimatedTotal(ticket({ pricing: 'limit', quantity: '2', limitPrice: '10.5' }), asset)!)).toBe('21.00');
  });

  it('is unknown without a quantity', () => {
    expect(estimatedTotal(ticket({}), asset)).toBeNull();
  });
});

describe('quantityForShare', () => {
  it('never costs more than the share of the cash', () => {
    const quantity = quantityForShare(50, ticket({}), market);
    expect(quantity).toBe('0.00779745');
    expect(Number(toText(estimatedTotal(ticket({ quantity: quantity! }), asset)!))).toBeLessThanOrEqual(500);
  });

  it('keeps something back for the fee when everything is spent', () => {
    const total = estimatedTotal(ticket({ quantity: quantityForShare(100, ticket({}), market)! }), asset);
    expect(toText(total!)).toBe('990.00');
  });

  it('sells exactly everything', () => {
    expect(quantityForShare(100, ticket({ side: 'sell' }), market)).toBe('0.5');
  });

  it('stays within the asset’s maximum', () => {
    expect(quantityForShare(100, ticket({ side: 'sell' }), { ...market, holding: decimal('5000') })).toBe('1000');
  });

  it('is unknown while the balance is', () => {
    expect(quantityForShare(25, ticket({}), { ...market, cash: null })).toBeNull();
  });
});

describe('withQuantity', () => {
  it('buys no more than the dollars pay for', () => {
    const bought = withQuantity(ticket({ total: '500' }), asset);
    expect(bought.quantity).toBe('0.00779745');
    expect(toText(estimatedTotal(bought, asset)!)).toBe('500.00');
  });

  it('follows the limit price of a limit order', () => {
    expect(withQuantity(ticket({ pricing: 'limit', total: '100', limitPrice: '50000' }), asset).quantity).toBe('0.002');
  });

  it.each(['', 'lots', '0', '-5'])('knows no quantity for %j dollars', (total) => {
    expect(withQuantity(ticket({ total, quantity: '1' }), asset).quantity).toBe('');
  });

  it('leaves a quantity that was given as it is', () => {
    expect(withQuantity(ticket({ quantity: '0.25' }), asset).quantity).toBe('0.25');
  });
});

describe('checkTicket', () => {
  it('protects a market order against a price that runs away', () => {
    expect(checkTicket(ticket({ quantity: '0.0100' }), market)).toEqual({
      ok: true,
      order: { order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01', max_slippage_bps: 100, reference_price: '64123.45' },
    });
  });

  it('makes a limit order without slippage', () => {
    expect(checkTicket(ticket({ pricing: 'limit', side: 'sell', quantity: '0.5', limitPrice: '70000.10' }), market)).toEqual({
      ok: true,
      order: { order_type: 'limit_sell', asset_id: 'BTC', quantity: '0.5', price: '70000.1', time_in_force: 'GTC' },
    });
  });

  it('ends an order until a date at that moment, wherever the reader is', () => {
    const checked = checkTicket(ticket({ pricing: 'limit', quantity: '0.01', limitPrice: '60000', timeInForce: 'GTD', endsAt: '2030-01-02T03:04' }), market);
    expect(checked).toMatchObject({ ok: true, order: { time_in_force: 'GTD', expires_at: '2030-01-02T03:04:00.000Z' } });
  });

  it.each([['', 'Choose when'], ['2026-01-01T00:00', 'still to come']])('refuses the end %j', (endsAt, mistake) => {
    const checked = checkTicket(ticket({ pricing: 'limit', quantity: '0.01', limitPrice: '60000', timeInForce: 'GTD', endsAt }), market, Date.parse('2026-01-01T00:00Z'));
    expect(checked).toMatchObject({ ok: false, field: 'endsAt' });
    expect(checked.ok || checked.mistake).toContain(mistake);
  });

  it.each([
    [{ quantity: '' }, 'quantity', 'Enter a quantity'],
    [{ quantity: 'lots' }, 'quantity', 'digits'],
    [{ total: '' }, 'quantity', 'Enter a quantity'],
    [{ total: 'lots' }, 'total', 'like 250.00'],
    [{ total: '-1' }, 'total', 'above zero'],
    [{ total: '100', pricing: 'limit' }, 'limitPrice', 'above zero'],
    [{ quantity: '0.0001' }, 'quantity', 'least'],
    [{ quantity: '1000.1' }, 'quantity', 'most'],
    [{ quantity: '0.123456789' }, 'quantity', '8 decimals'],
    [{ quantity: '1' }, 'quantity', 'more than your available cash'],
    [{ side: 'sell', quantity: '0.6' }, 'quantity', 'You have 0.5 BTC'],
    [{ pricing: 'limit', quantity: '0.01', limitPrice: '0' }, 'limitPrice', 'above zero'],
    [{ pricing: 'limit', quantity: '0.01', limitPrice: '1000001' }, 'limitPrice', '1,000,000'],
  ] as const)('refuses %j', (change, field, mistake) => {
    const checked = checkTicket(ticket(change), market);
    expect(checked).toMatchObject({ ok: false, field });
    expect(checked.ok || checked.mistake).toContain(mistake);
  });

  it('does not trade without a price', () => {
    expect(checkTicket(ticket({ quantity: '1' }), { ...market, asset: { ...asset, price_usd: null } })).toMatchObject({ ok: false, field: null });
  });
});

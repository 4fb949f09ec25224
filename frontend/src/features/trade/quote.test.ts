import { describe, expect, it } from 'vitest';
import { ApiProblem, ServerUnreachable } from '@/shared/api/problem';
import type { OrderPreview } from '@/shared/api/types';
import { decimal } from '@/shared/money/decimal';
import { makeAsset } from '@/testing/fixtures';
import { answered, holdingAfter, nextShown, NO_QUOTE, NOT_MET, pauseAfter, questionOf, sentenceOf, unanswered } from './quote';
import { checkTicket, EMPTY_TICKET, type Ticket, withQuantity } from './ticket';

const makePreview = (change: Partial<OrderPreview> = {}): OrderPreview => ({
  order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01000000', status: 'completed', price: '64123.45000000', market_price: '64123.45000000', price_as_of: null,
  total_amount: '641.24', fee: '0.65', cost: '641.89', available_balance: '358.11', available_quantity: '0.51000000', ...change,
});

function ask(change: Partial<Ticket>, price = 64_000): string | null {
  const asset = makeAsset({ price_usd: price });
  const ticket = withQuantity({ ...EMPTY_TICKET, ...change }, asset);
  return questionOf(ticket, checkTicket(ticket, { asset, cash: decimal('1000'), holding: decimal('1') }));
}

const refused = (status: number, code: string, headers: Record<string, string> = {}) => new ApiProblem(new Response(null, { status, headers }), { code });

describe('the question of a ticket', () => {
  it('is none while it is no order', () => {
    expect(ask({ quantity: '' })).toBeNull();
    expect(ask({ quantity: '0,5' })).toBeNull();
    expect(ask({ quantity: '9' })).toBeNull();
  });

  it('is the same whatever the price does, also for an order by its total', () => {
    expect(ask({ quantity: '0.01' }, 64_000)).toBe(ask({ quantity: '0.01' }, 65_000));
    expect(ask({ total: '500' }, 64_000)).toBe(ask({ total: ' 500' }, 65_000));
    expect(ask({ total: '500' })).not.toBeNull();
  });

  it.each<Partial<Ticket>>([
    { quantity: '0.011' },
    { side: 'sell' },
    { pricing: 'limit', limitPrice: '60000' },
    { pricing: 'limit', limitPrice: '60001' },
    { pricing: 'limit', limitPrice: '60000', timeInForce: 'IOC' },
    { total: '500' },
  ])('is another with %o', (change) => {
    expect(ask({ quantity: '0.01', ...change })).not.toBe(ask({ quantity: '0.01' }));
  });
});

describe('what is held afterwards', () => {
  const text = (change: Partial<OrderPreview>) => sentenceOf(answered(makePreview(change)), 'BTC');

  it('is what the server says, and for a buy that waits also what it will bring', () => {
    expect(holdingAfter(makePreview())).toEqual(decimal('0.51000000'));
    expect(holdingAfter(makePreview({ order_type: 'limit_buy', status: 'pending' }))).toEqual(decimal('0.52000000'));
    expect(holdingAfter(makePreview({ order_type: 'limit_sell', status: 'pending' }))).toEqual(decimal('0.51000000'));
  });

  it('is read out with fee and total', () => {
    expect(text({})).toBe('Fee $0.65. You pay $641.89. You hold afterwards 0.51 BTC.');
    expect(text({ order_type: 'market_sell', cost: '640.59' })).toBe('Fee $0.65. You receive $640.59. You hold afterwards 0.51 BTC.');
    expect(text({ order_type: 'limit_buy', status: 'pending' })).toBe('Fee $0.65. You pay $641.89. You hold once filled 0.52 BTC.');
  });
});

describe('an answer that does not come', () => {
  it('is said without blame, and asked for again without hurry', () => {
    for (const error of [new ServerUnreachable('gone'), refused(503, 'SVC_001')]) {
      expect(unanswered(error)).toEqual({ told: false, reason: expect.stringContaining('cannot be told at the moment') as string, askAgainMs: 15_000 });
    }
  });

  it('is asked for again as late as the server wishes', () => {
    expect(pauseAfter(unanswered(refused(429, 'RATE_001', { 'Retry-After': '40' })))).toBe(40_000);
    expect(pauseAfter(unanswered(refused(429, 'RATE_001', { 'Retry-After': '1' })))).toBe(15_000);
  });

  it('tells why the order would be refused', () => {
    expect(unanswered(refused(422, 'INSUFFICIENT_FUNDS'))).toMatchObject({ reason: 'You do not have enough available cash for this.' });
    expect(answered(makePreview({ order_type: 'limit_buy', status: 'cancelled' }))).toMatchObject({ told: false, reason: NOT_MET });
  });
});

describe('what is shown', () => {
  const one = ask({ quantity: '0.01' });
  const other = ask({ quantity: '0.011' });
  const figures = answered(makePreview());
  const first = nextShown(NO_QUOTE, one, figures, 'BTC');

  it('stays while the answer for another amount is on its way', () => {
    expect(nextShown(first, other, undefined, 'BTC')).toBe(first);
  });

  it('does not outlive the order: none is shown for no order, nor for one of another kind', () => {
    expect(nextShown(first, null, figures, 'BTC')).toBe(NO_QUOTE);
    expect(nextShown(first, ask({ quantity: '0.01', side: 'sell' }), undefined, 'BTC')).toBe(NO_QUOTE);
  });

  it('drops trouble as soon as something else is asked', () => {
    const trouble = nextShown(first, one, unanswered(new ServerUnreachable('gone')), 'BTC');
    expect(trouble.spoken).toContain('cannot be told');
    expect(nextShown(trouble, other, undefined, 'BTC')).toBe(NO_QUOTE);
  });

  it('is read out once per question, not whenever the price moves', () => {
    const fresher = nextShown(first, one, answered(makePreview({ fee: '0.66' })), 'BTC');
    expect(fresher.quote).toMatchObject({ preview: { fee: '0.66' } });
    expect(fresher.spoken).toBe(first.spoken);
    expect(nextShown(fresher, other, answered(makePreview({ fee: '1.30' })), 'BTC').spoken).toContain('Fee $1.30.');
  });
});

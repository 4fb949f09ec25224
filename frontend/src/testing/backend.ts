import { delay, http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import type { Asset, Order, PlaceOrder, Portfolio } from '@/shared/api/types';
import { makeAsset, makeBalance, makeOrder, makePortfolio } from './fixtures';

const API = '*/api/v1';

/** What a request carried that tests look at. */
export interface Recorded<Body> {
  readonly body: Body;
  readonly idempotencyKey: string | null;
  readonly authorization: string | null;
}

async function record<Body>(request: Request): Promise<Recorded<Body>> {
  return {
    body: (await request.json()) as Body,
    idempotencyKey: request.headers.get('Idempotency-Key'),
    authorization: request.headers.get('Authorization'),
  };
}

/** A refusal as the API words it. */
export const refusal = (status: number, code: string, extra: Record<string, unknown> = {}) =>
  HttpResponse.json({ type: 'about:blank', title: code, status, code, message: `refused with ${code}`, ...extra }, { status, headers: { 'Content-Type': 'application/problem+json' } });

/** A token whose payload names `username`; nobody checks its signature in the page. */
export const tokenFor = (username: string): string => `e30.${btoa(JSON.stringify({ username, roles: ['customer'] }))}.sig`;

export const issue = (username = 'ada_lovelace') => HttpResponse.json({ access_token: tokenFor(username), token_type: 'bearer', expires_in: 900 });

/** The server's state behind the default handlers; made anew for every test. */
export class Backend {
  assets: Asset[] = [makeAsset(), makeAsset({ asset_id: 'ETH', name: 'Ethereum', price_usd: 3000, market_cap_rank: 2, category: 'layer-1' })];
  balance = makeBalance();
  portfolio: Portfolio = makePortfolio();
  orders: Order[] = [];
  readonly placed: Recorded<PlaceOrder>[] = [];
  readonly cashMoves: (Recorded<{ amount: string }> & { readonly path: string })[] = [];
  readonly logins: Recorded<{ username: string; password: string; session: string; otp?: string }>[] = [];
  readonly logouts: string[] = [];

  readonly handlers = [
    http.post(`${API}/auth/register`, async ({ request }) => {
      const { body } = await record<{ username: string }>(request);
      return HttpResponse.json({ message: 'User registered successfully', user_id: 'u1', username: body.username }, { status: 201 });
    }),
    http.post(`${API}/auth/login`, async ({ request }) => {
      const login = await record<{ username: string; password: string; session: string }>(request);
      this.logins.push(login);
      return issue(login.body.username);
    }),
    http.post(`${API}/auth/logout`, () => {
      this.logouts.push('logout');
      return HttpResponse.json({ message: 'Logged out successfully' });
    }),
    http.post(`${API}/auth/sessions/revoke-others`, () => {
      this.logouts.push('revoke-others');
      return HttpResponse.json({ message: 'done' });
    }),
    http.get(`${API}/inventory/assets`, () => HttpResponse.json({ data: this.assets, total_count: this.assets.length, active_count: this.assets.length, has_more: false, next_cursor: null })),
    http.get(`${API}/inventory/assets/:id/prices`, () => refusal(404, 'NOT_FOUND')),
    http.get(`${API}/balance`, () => HttpResponse.json(this.balance)),
    http.get(`${API}/balance/transactions`, () => HttpResponse.json({ transactions: [], total_count: 0, has_more: false, next_cursor: null })),
    http.post(`${API}/balance/:move`, async ({ request, params }) => {
      const recorded = await record<{ amount: string }>(request);
      this.cashMoves.push({ ...recorded, path: String(params['move']) });
      await delay(20);
      return HttpResponse.json({ message: 'ok', transaction_id: 't1', amount: recorded.body.amount, balance: '1250.00', timestamp: '2026-01-15T10:00:00.000Z' }, { status: 201 });
    }),
    http.get(`${API}/portfolio`, () => HttpResponse.json(this.portfolio)),
    http.get(`${API}/orders`, ({ request }) => this.orderPage(new URL(request.url).searchParams)),
    http.post(`${API}/orders/preview`, async ({ request }) => {
      const { body } = await record<PlaceOrder>(request);
      const { order_type, asset_id, quantity } = body;
      return HttpResponse.json({
        data: {
          order_type, asset_id, quantity, status: 'completed', price: '64123.45000000', market_price: '64123.45000000', price_as_of: null,
          total_amount: '641.24', fee: '0.65', cost: '641.89', available_balance: '358.11', available_quantity: '0.01000000',
        },
      });
    }),
    http.post(`${API}/orders`, async ({ request }) => {
      const recorded = await record<PlaceOrder>(request);
      this.placed.push(recorded);
      await delay(20);
      return HttpResponse.json({ data: makeOrder({ order_type: recorded.body.order_type, asset_id: recorded.body.asset_id }) }, { status: 201 });
    }),
    http.get(`${API}/assets/:id/transactions`, () => HttpResponse.json({ data: [], has_more: false, next_cursor: null })),
  ];

  private orderPage(query: URLSearchParams) {
    const start = Number(query.get('cursor') ?? 0);
    const end = start + Number(query.get('limit') ?? 50);
    const wanted = this.orders.filter((order) => {
      const [type, status] = [query.get('order_type'), query.get('status')];
      return (type === null || order.order_type === type) && (status === null || order.status === status);
    });
    const hasMore = wanted.length > end;
    return HttpResponse.json({ data: wanted.slice(start, end), has_more: hasMore, next_cursor: hasMore ? String(end) : null });
  }
}

export const server = setupServer();
export { http };
export const at = (path: string): string => `${API}${path}`;

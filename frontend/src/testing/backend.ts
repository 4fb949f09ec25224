import { delay, http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import type { Asset, AuditChain, Order, PlaceOrder, Portfolio } from '@/shared/api/types';
import { makeAsset, makeBalance, makeLimits, makeOrder, makePortfolio } from './fixtures';
import { SecurityBackend } from './security-backend';

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
export const tokenFor = (username: string, roles: readonly string[] = ['customer'], sub = `usr_${username}`): string => `e30.${btoa(JSON.stringify({ sub, username, roles }))}.sig`;

export const issue = (username = 'ada_lovelace') => HttpResponse.json({ access_token: tokenFor(username), token_type: 'bearer', expires_in: 900 });

/** The server's state behind the default handlers; made anew for every test. */
export class Backend {
  assets: Asset[] = [makeAsset(), makeAsset({ asset_id: 'ETH', name: 'Ethereum', price_usd: 3000, market_cap_rank: 2, category: 'layer-1' })];
  balance = makeBalance();
  limits = makeLimits();
  portfolio: Portfolio = makePortfolio();
  orders: Order[] = [];
  chain: AuditChain = { intact: true, checkpoints: 1234, sealed_at: '2026-01-15T10:00:00.000Z', head_mac: 'ab'.repeat(32), examined_checkpoints: 50, examined_records: 120, faults: [] };
  readonly security = new SecurityBackend();
  readonly placed: Recorded<PlaceOrder>[] = [];
  readonly previewed: PlaceOrder[] = [];
  readonly cashMoves: (Recorded<{ amount: string }> & { readonly path: string })[] = [];
  readonly logins: Recorded<{ username: string; password: string; session: string; otp?: string }>[] = [];
  readonly logouts: string[] = [];
  readonly orderActs: (Recorded<{ price?: string; quantity?: string } | null> & { readonly method: string; readonly orderId: string })[] = [];
  /** What each opening of the wallet's stream asked to resume after. */
  readonly streamOpenings: (string | null)[] = [];
  private stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  /** Sends events down the open stream, as the server writes them. */
  push(...events: readonly { id: number; event: string; data: unknown }[]): void {
    const text = events.map(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join('');
    this.stream?.enqueue(new TextEncoder().encode(text));
  }

  /** Cuts the open stream, as a restarting server does. */
  cutStream(): void {
    this.stream?.close();
  }

  readonly handlers = [
    ...this.security.handlers,
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
    http.get(`${API}/balance/limits`, () => HttpResponse.json(this.limits)),
    http.get(`${API}/portfolio/history`, () => HttpResponse.json({ period: '1w', interval_seconds: 3600, data: [] })),
    http.get(`${API}/balance/transactions`, () => HttpResponse.json({ transactions: [], total_count: 0, has_more: false, next_cursor: null })),
    http.post(`${API}/balance/:move`, async ({ request, params }) => {
      const recorded = await record<{ amount: string }>(request);
      this.cashMoves.push({ ...recorded, path: String(params['move']) });
      await delay(20);
      return HttpResponse.json({ message: 'ok', transaction_id: 't1', amount: recorded.body.amount, balance: '1250.00', timestamp: '2026-01-15T10:00:00.000Z' }, { status: 201 });
    }),
    http.get(`${API}/portfolio`, () => HttpResponse.json(this.portfolio)),
    http.get(`${API}/orders/stream`, ({ request }) => {
      this.streamOpenings.push(request.headers.get('Last-Event-ID'));
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.stream = controller;
        },
      });
      this.push({ id: this.streamOpenings.length === 1 ? 1 : Number(request.headers.get('Last-Event-ID')), event: 'ready', data: {} });
      return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } });
    }),
    http.delete(`${API}/orders/:id`, ({ request, params }) => this.changeOrder(request, String(params['id']), null, { status: 'cancelled' })),
    http.patch(`${API}/orders/:id`, async ({ request, params }) => {
      const terms = (await request.json()) as { price?: string; quantity?: string };
      const { price, quantity } = terms;
      return this.changeOrder(request, String(params['id']), terms, { ...(price === undefined ? {} : { price, limit_price: price }), ...(quantity === undefined ? {} : { quantity }) });
    }),
    http.get(`${API}/orders`, ({ request }) => this.orderPage(new URL(request.url).searchParams)),
    http.post(`${API}/orders/preview`, async ({ request }) => {
      const { body } = await record<PlaceOrder>(request);
      this.previewed.push(body);
      const { order_type, asset_id, quantity } = body;
      const status = body.price === undefined ? 'completed' : 'pending';
      return HttpResponse.json({
        data: {
          order_type, asset_id, quantity, status, price: '64123.45000000', market_price: '64123.45000000', price_as_of: null,
          total_amount: '641.24', fee: '0.65', cost: '641.89', available_balance: '358.11', available_quantity: '0.01000000',
        },
      });
    }),
    http.post(`${API}/orders`, async ({ request }) => {
      const recorded = await record<PlaceOrder>(request);
      this.placed.push(recorded);
      await delay(20);
      const { order_type, asset_id, price, time_in_force } = recorded.body;
      const limit = typeof price === 'string' ? { status: 'pending' as const, price, limit_price: price, executed_price: null, time_in_force: time_in_force ?? 'GTC' } : {};
      const order = makeOrder({ order_type, asset_id, ...limit });
      this.orders = [order, ...this.orders];
      return HttpResponse.json({ data: order }, { status: 201 });
    }),
    http.get(`${API}/audit/chain`, () => HttpResponse.json(this.chain)),
    http.get(`${API}/assets/:id/transactions`, () => HttpResponse.json({ data: [], has_more: false, next_cursor: null })),
  ];

  private changeOrder(request: Request, orderId: string, body: { price?: string; quantity?: string } | null, change: Partial<Order>) {
    const { method, headers } = request;
    this.orderActs.push({ method, orderId, body, idempotencyKey: headers.get('Idempotency-Key'), authorization: headers.get('Authorization') });
    const order = this.orders.find((candidate) => candidate.order_id === orderId);
    if (order === undefined) return refusal(404, 'NOT_FOUND');
    if (order.status !== 'pending') return refusal(409, 'ORDER_CLOSED');
    const changed = { ...order, ...change };
    this.orders = this.orders.map((candidate) => (candidate === order ? changed : candidate));
    return HttpResponse.json({ data: changed });
  }

  private orderPage(query: URLSearchParams) {
    const start = Number(query.get('cursor') ?? 0);
    const end = start + Number(query.get('limit') ?? 50);
    const wanted = this.orders.filter((order) => {
      const [type, status, assetId] = [query.get('order_type'), query.get('status'), query.get('asset_id')];
      return (assetId === null || order.asset_id === assetId) && (type === null || order.order_type === type) && (status === null || order.status === status);
    });
    const hasMore = wanted.length > end;
    return HttpResponse.json({ data: wanted.slice(start, end), has_more: hasMore, next_cursor: hasMore ? String(end) : null });
  }
}

export const server = setupServer();
export { http };
export const at = (path: string): string => `${API}${path}`;

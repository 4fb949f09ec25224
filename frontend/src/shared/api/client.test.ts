import { HttpResponse } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { at, http, refusal, server, tokenFor } from '@/testing/backend';
import { fakePorts } from '@/testing/render-app';
import { createServices } from '@/shared/services';
import { unwrap } from './client';
import { ApiProblem, explain, isTransient, ServerUnreachable, SessionReplaced } from './problem';

const STALE = tokenFor('ada_lovelace');
const FRESH = tokenFor('ada_lovelace', ['customer', 'auditor']);

function signedIn(refreshed: string | null) {
  const refresh = vi.fn(() => Promise.resolve(refreshed === null ? null : { access_token: refreshed, expires_in: 900 }));
  const services = createServices(fakePorts({ refresh }));
  services.session.signIn({ access_token: STALE, expires_in: 900 });
  return { ...services, refresh };
}

const order = { order_type: 'market_buy', asset_id: 'BTC', quantity: '0.01' } as const;

describe('the API client', () => {
  it('repeats a refused request with a renewed token, body and key included', async () => {
    const seen: string[] = [];
    server.use(
      http.post(at('/orders'), async ({ request }) => {
        seen.push(`${request.headers.get('Idempotency-Key') ?? ''} ${await request.clone().text()}`);
        return request.headers.get('Authorization') === `Bearer ${FRESH}` ? HttpResponse.json({ data: { order_id: 'o1' } }, { status: 201 }) : refusal(401, 'AUTH_003');
      }),
    );
    const { api, refresh } = signedIn(FRESH);
    const reply = await unwrap(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': 'k1' } }, body: order }));
    expect(reply.data.order_id).toBe('o1');
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[0]).toContain('k1 {"order_type":"market_buy"');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('ends the session when renewal is refused too', async () => {
    server.use(http.get(at('/balance'), () => refusal(401, 'AUTH_003')));
    const { api, session } = signedIn(null);
    await expect(unwrap(api.GET('/api/v1/balance'))).rejects.toMatchObject({ status: 401, code: 'AUTH_003' });
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'expired' });
  });

  it('does not send what waited for a renewal that brought another person’s token', async () => {
    const sent = vi.fn(() => HttpResponse.json({ data: { order_id: 'o1' } }, { status: 201 }));
    server.use(http.post(at('/orders'), sent));
    let now = 0;
    const { api, session } = createServices(fakePorts({ refresh: () => Promise.resolve({ access_token: tokenFor('grace_hopper'), expires_in: 900 }), now: () => now }));
    session.signIn({ access_token: STALE, expires_in: 900 });
    now = 900_000;
    await expect(unwrap(api.POST('/api/v1/orders', { body: order }))).rejects.toBeInstanceOf(SessionReplaced);
    expect(sent).not.toHaveBeenCalled();
  });

  it('does not repeat a refused request with another person’s token', async () => {
    const seen: (string | null)[] = [];
    server.use(
      http.post(at('/orders'), ({ request }) => {
        seen.push(request.headers.get('Authorization'));
        return refusal(401, 'AUTH_003');
      }),
    );
    const { api, session } = signedIn(tokenFor('grace_hopper'));
    await expect(unwrap(api.POST('/api/v1/orders', { body: order }))).rejects.toBeInstanceOf(SessionReplaced);
    expect(seen).toEqual([`Bearer ${STALE}`]);
    expect(session.snapshot()).toMatchObject({ status: 'signed-out', reason: 'replaced' });
  });

  it.each(['AUTH_001', 'AUTH_MFA_REQUIRED'])('does not renew for a proof that was wrong (%s)', async (code) => {
    server.use(http.post(at('/auth/step-up'), () => refusal(401, code)));
    const { api, session, refresh } = signedIn(null);
    await expect(unwrap(api.POST('/api/v1/auth/step-up', { body: { password: 'wrong' } }))).rejects.toMatchObject({ code });
    expect(refresh).not.toHaveBeenCalled();
    expect(session.snapshot().status).toBe('signed-in');
  });

  it('does not renew for somebody who is not logged in', async () => {
    server.use(http.post(at('/auth/login'), () => refusal(401, 'AUTH_001')));
    const refresh = vi.fn();
    const { api } = createServices(fakePorts({ refresh }));
    await expect(unwrap(api.POST('/api/v1/auth/login', { body: { username: 'a', password: 'b', session: 'cookie' } }))).rejects.toBeInstanceOf(ApiProblem);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('tells an unreachable server from a refusing one', async () => {
    server.use(http.get(at('/balance'), () => HttpResponse.error()));
    await expect(unwrap(signedIn(null).api.GET('/api/v1/balance'))).rejects.toBeInstanceOf(ServerUnreachable);
  });
});

describe('ApiProblem', () => {
  const problem = (status: number, body: unknown, headers: Record<string, string> = {}) => new ApiProblem(new Response(null, { status, headers }), body);

  it('collects what was wrong per field', () => {
    const { fieldErrors } = problem(422, { code: 'VALIDATION_ERROR', errors: [{ field: 'body.username', message: 'expected 6 to 30 letters' }, { field: 'username', message: 'second' }, 'noise'] });
    expect([...fieldErrors]).toEqual([['username', 'Expected 6 to 30 letters.']]);
  });

  it('survives replies that are not problems', () => {
    expect(problem(502, '<html>bad gateway</html>')).toMatchObject({ code: 'HTTP_502', message: 'The server answered 502.' });
  });

  it('says when to come back', () => {
    expect(explain(problem(429, {}, { 'Retry-After': '12' }))).toContain('12 seconds');
  });

  it('passes on business refusals in the server’s words', () => {
    expect(explain(problem(422, { code: 'DAILY_LIMIT', message: 'at most 10000.00 USD a day' }))).toBe('At most 10000.00 USD a day.');
  });

  it('names what was wrong with the input', () => {
    const errors = [{ field: 'quantity', message: 'is below the least of 0.001' }];
    expect(explain(problem(422, { code: 'VALIDATION_ERROR', message: 'see errors', errors }))).toBe('This is below the least of 0.001.');
  });

  it('does not show internals of server errors', () => {
    expect(explain(problem(500, { message: 'KeyError: x' }))).toBe('The server could not handle this. Try again shortly.');
  });

  it('repeats only what may succeed', () => {
    expect(isTransient(problem(503, { code: 'SVC_001' }))).toBe(true);
    expect(isTransient(problem(503, { code: 'PRICE_STALE' }))).toBe(false);
    expect(isTransient(problem(409, {}))).toBe(false);
  });
});

import type { Session } from '@/shared/session/session';
import type { WalletPorts } from './wallet-stream';

const STREAM = '/api/v1/orders/stream';
const FORBIDDEN = 403;
const UNAUTHORIZED = 401;

function request(token: string, lastEventId: string | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' };
  if (lastEventId !== null) headers['Last-Event-ID'] = lastEventId;
  return fetch(new URL(STREAM, globalThis.location.origin), { headers, signal, cache: 'no-store' });
}

/** Opens the stream with the session's token, renewed when it was refused. */
async function open(session: Session, lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
  const token = await session.usableToken();
  if (token === null) return null;
  let response = await request(token, lastEventId, signal);
  if (response.status === UNAUTHORIZED) {
    const renewed = await session.renewAfterRefusal(token);
    if (renewed === null) return null;
    response = await request(renewed, lastEventId, signal);
  }
  // Staff without a wallet have nothing to follow.
  if (response.status === FORBIDDEN) return null;
  if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`);
  return response.body;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export const walletPorts = (session: Session): WalletPorts => ({ open: (id, signal) => open(session, id, signal), pause });

import createClient from 'openapi-fetch';
import type { Session } from '@/shared/session/session';
import { ApiProblem, ServerUnreachable, SessionReplaced } from './problem';
import type { paths } from './schema.gen';

export type ApiClient = ReturnType<typeof createApiClient>;

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ServerUnreachable(error);
  }
}

function withToken(request: Request, token: string | null): Request {
  const authorized = new Request(request);
  if (token !== null) authorized.headers.set('Authorization', `Bearer ${token}`);
  return authorized;
}

/** Codes of a 401 that is about what the request said, such as a wrong password: another token would not help. */
const ABOUT_THE_REQUEST = new Set(['AUTH_001', 'AUTH_MFA_REQUIRED']);

async function isAboutToken(refusal: Response): Promise<boolean> {
  try {
    const { code } = (await refusal.clone().json()) as { code?: unknown };
    return typeof code !== 'string' || !ABOUT_THE_REQUEST.has(code);
  } catch {
    return true;
  }
}

/** Whether somebody else has come, when the session has no token for the person that a request was begun for. */
function isAnothers(session: Session): boolean {
  const state = session.snapshot();
  return state.status === 'signed-in' || (state.status === 'signed-out' && state.reason === 'replaced');
}

/**
 * Builds the typed client. A request whose token turns out to be expired is repeated once
 * after the session was refreshed, so that nobody is interrupted every quarter of an hour.
 */
export function createApiClient(session: Session) {
  const authorizedFetch = async (request: Request): Promise<Response> => {
    const wasSignedIn = session.snapshot().status === 'signed-in';
    const token = await session.usableToken();
    // Not even without a token: it was begun for somebody who is not the person of this tab any more.
    if (token === null && wasSignedIn && isAnothers(session)) throw new SessionReplaced();
    const spare = request.clone();
    const response = await send(withToken(request, token));
    if (response.status !== 401 || token === null || !(await isAboutToken(response))) return response;
    const renewed = await session.renewAfterRefusal(token);
    if (renewed !== null) return send(withToken(spare, renewed));
    if (isAnothers(session)) throw new SessionReplaced();
    return response;
  };
  return createClient<paths>({ baseUrl: globalThis.location.origin, fetch: authorizedFetch, credentials: 'same-origin' });
}

interface Reply<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Resolves to the body of a successful reply; throws ApiProblem or ServerUnreachable. */
export async function unwrap<Data>(reply: Promise<Reply<Data>>): Promise<Data> {
  const { data, error, response } = await reply;
  if (!response.ok || data === undefined) throw new ApiProblem(response, error);
  return data;
}

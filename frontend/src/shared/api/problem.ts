import { waitInWords } from '@/shared/in-words';

/** RFC 9457 problem as the API sends it; every member may be missing in a foreign reply. */
interface ProblemBody {
  code?: unknown;
  message?: unknown;
  detail?: unknown;
  title?: unknown;
  request_id?: unknown;
  errors?: unknown;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const PREDICATE = /^(is|has|may|must|can|cannot|contains)\b/;

/** The server's wording as a sentence of its own: `is too short` becomes `This is too short.` */
function asSentence(text: string): string {
  const whole = PREDICATE.test(text) ? `This ${text}` : text;
  return whole.charAt(0).toUpperCase() + whole.slice(1) + (/[.!?]$/.test(whole) ? '' : '.');
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function fieldErrorsOf(errors: unknown): ReadonlyMap<string, string> {
  const byField = new Map<string, string>();
  if (!Array.isArray(errors)) return byField;
  for (const entry of errors as unknown[]) {
    if (!isRecord(entry)) continue;
    const field = textOf(entry['field'])?.split('.').at(-1);
    const message = textOf(entry['message']);
    if (field !== undefined && message !== null && !byField.has(field)) byField.set(field, asSentence(message));
  }
  return byField;
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** The API answered and refused. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly fieldErrors: ReadonlyMap<string, string>;
  readonly retryAfterSeconds: number | null;

  constructor(response: Response, body: unknown) {
    const problem: ProblemBody = isRecord(body) ? body : {};
    super(textOf(problem.message) ?? textOf(problem.detail) ?? textOf(problem.title) ?? `The server answered ${response.status}.`);
    this.status = response.status;
    this.code = textOf(problem.code) ?? `HTTP_${response.status}`;
    this.requestId = textOf(problem.request_id) ?? response.headers.get('X-Request-ID');
    this.fieldErrors = fieldErrorsOf(problem.errors);
    this.retryAfterSeconds = retryAfterOf(response);
  }
}

/** No answer arrived, so nobody knows whether the request had an effect. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';

  constructor(cause: unknown) {
    super('The server cannot be reached.', { cause });
  }
}

/** Somebody else logged in in this browser; what was asked for was not carried out. */
export class SessionReplaced extends Error {
  override readonly name = 'SessionReplaced';

  constructor() {
    super('Somebody else logged in in this browser, so nothing was done.');
  }
}

/** Somebody was asked to prove again who they are, and did not. */
export class StepUpDeclined extends Error {
  override readonly name = 'StepUpDeclined';

  constructor() {
    super('Nothing was changed, as it was not confirmed that it is you.');
  }
}

/** The person closed the passkey dialog, or no passkey fits. */
export class PasskeyDeclined extends Error {
  override readonly name = 'PasskeyDeclined';

  constructor(cause: unknown) {
    super('No passkey was used. Try again, or choose another way.', { cause });
  }
}

export const isProblem = (error: unknown, code: string): error is ApiProblem => error instanceof ApiProblem && error.code === code;

export const isNotFound = (error: unknown): boolean => error instanceof ApiProblem && error.status === 404;

/** True when repeating an idempotent request could succeed where this attempt did not. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ServerUnreachable) return true;
  if (!(error instanceof ApiProblem)) return false;
  if (error.code === 'PRICE_STALE') return false;
  return error.status === 502 || error.status === 503 || error.status === 504;
}

const WORDING: Readonly<Record<string, string>> = {
  AUTH_001: 'Username or password is wrong.',
  AUTH_003: 'Your session has ended. Log in again.',
  AUTH_004: 'Logging in from your network is blocked for a while, after too many failed attempts. Try again later.',
  LAST_LOGIN_METHOD: 'Without it you could not log in any more. Set a password or add a passkey first.',
  AUTH_MFA_REQUIRED: 'Enter the code from your authenticator app.',
  PERM_002: 'This needs a fresh confirmation that it is you.',
  PERM_001: 'Your account may not do this.',
  PERM_003: 'Your role needs a second factor. Set one up under Security, then log in again with it.',
  INSUFFICIENT_FUNDS: 'You do not have enough available cash for this.',
  INSUFFICIENT_ASSET: 'You do not own enough of this asset.',
  ASSET_UNAVAILABLE: 'This asset cannot be traded at the moment.',
  PRICE_MOVED: 'The price moved while you were deciding. Check the new price and try again.',
  PRICE_STALE: 'There is no fresh price at the moment, so nothing was traded. Try again shortly.',
  SVC_001: 'Part of the service is away at the moment. Try again shortly.',
  SVC_002: 'The service took too long to answer. Try again shortly.',
};

/** A sentence for the person in front of the screen. */
export function explain(error: unknown): string {
  if (error instanceof ServerUnreachable) return 'The server cannot be reached. Check your connection and try again.';
  if (error instanceof StepUpDeclined || error instanceof PasskeyDeclined || error instanceof SessionReplaced) return error.message;
  if (!(error instanceof ApiProblem)) return 'Something went wrong on this page. Reload it and try again.';
  if (error.status === 429) {
    const wait = error.retryAfterSeconds;
    return wait === null ? 'Too many attempts. Wait a moment and try again.' : `Too many attempts. Try again in ${waitInWords(wait)}.`;
  }
  const known = WORDING[error.code];
  if (known !== undefined) return known;
  if (error.fieldErrors.size > 0) return [...error.fieldErrors.values()].join(' ');
  return error.status >= 500 ? 'The server could not handle this. Try again shortly.' : asSentence(error.message);
}

import { useState } from 'react';
import { ApiProblem, isTransient, ServerUnreachable } from './problem';

const KEY_BYTES = 16;
const RETRIES = 2;

export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The Idempotency-Key of one intention, such as "deposit 100.00": the same for every attempt,
 * another as soon as the intention changes. Unmounting forgets it.
 */
export function useIntentKey(intent: string): string {
  const [held, setHeld] = useState(() => ({ intent, key: newIdempotencyKey() }));
  if (held.intent === intent) return held.key;
  const next = { intent, key: newIdempotencyKey() };
  setHeld(next);
  return next.key;
}

/** For mutations that carry a key: repeating them is safe, so a lost answer is asked for again. */
export const retrySafely = {
  retry: (failures: number, error: unknown) => failures < RETRIES && isTransient(error),
  retryDelay: (attempt: number) => 400 * 2 ** attempt,
};

export const UNCERTAIN = 'No clear answer arrived, so it may or may not have gone through. Pressing the button again is safe: it counts only once.';

/** Failures of the server that promise that nothing happened: it decided so itself, inside its transaction. */
const WITHOUT_EFFECT = new Set(['PRICE_STALE']);

/** The answer of a server that failed, or of a gateway that lost it, does not tell whether the request had an effect. */
function isUncertain(error: unknown): boolean {
  if (error instanceof ServerUnreachable) return true;
  return error instanceof ApiProblem && error.status >= 500 && !WITHOUT_EFFECT.has(error.code);
}

/** What to say when an attempt ended without an answer that settles it; null when there was one. */
export const uncertainty = (error: unknown): string | null => (isUncertain(error) ? UNCERTAIN : null);

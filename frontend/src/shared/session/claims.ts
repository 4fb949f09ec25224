export interface TokenClaims {
  /** The user id; unlike the name, nobody else ever has it. Empty when the token cannot be read. */
  readonly subject: string;
  readonly username: string;
  readonly roles: readonly string[];
}

function payloadOf(token: string): unknown {
  const encoded = token.split('.')[1] ?? '';
  const base64 = encoded.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

const textOf = (claim: unknown): string => (typeof claim === 'string' ? claim : '');

/**
 * Who the token speaks of, to be shown and to tell people apart: the server decides what they may do.
 * A token that cannot be read names nobody.
 */
export function readClaims(token: string): TokenClaims {
  try {
    const payload = payloadOf(token) as { sub?: unknown; username?: unknown; roles?: unknown };
    const roles = Array.isArray(payload.roles) ? payload.roles.filter((role) => typeof role === 'string') : [];
    return { subject: textOf(payload.sub), username: textOf(payload.username), roles };
  } catch {
    return { subject: '', username: '', roles: [] };
  }
}

/** Whether both speak of one person; tokens that name nobody speak of nobody. */
export const isSameSubject = (left: TokenClaims, right: TokenClaims): boolean => left.subject !== '' && left.subject === right.subject;

export interface TokenClaims {
  readonly username: string;
  readonly roles: readonly string[];
}

function payloadOf(token: string): unknown {
  const encoded = token.split('.')[1] ?? '';
  const base64 = encoded.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * Who the token speaks of, for display only: the server decides what they may do.
 * A token that cannot be read names nobody.
 */
export function readClaims(token: string): TokenClaims {
  try {
    const payload = payloadOf(token) as { username?: unknown; roles?: unknown };
    const roles = Array.isArray(payload.roles) ? payload.roles.filter((role) => typeof role === 'string') : [];
    return { username: typeof payload.username === 'string' ? payload.username : '', roles };
  } catch {
    return { username: '', roles: [] };
  }
}

/** A path inside this application to go on to, or undefined: never another site. */
export function safeNext(next: unknown): string | undefined {
  if (typeof next !== 'string' || !next.startsWith('/')) return undefined;
  const base = 'https://app.invalid';
  try {
    const target = new URL(next, base);
    return target.origin === base ? target.pathname + target.search : undefined;
  } catch {
    return undefined;
  }
}

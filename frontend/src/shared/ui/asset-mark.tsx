const TINTS = ['bg-accent-soft text-accent', 'bg-positive-soft text-positive', 'bg-warning-soft text-warning', 'bg-negative-soft text-negative'] as const;

/** An asset's emblem drawn from its symbol, so that no picture has to come from elsewhere. */
export function AssetMark({ symbol, size = 'size-9' }: { symbol: string; size?: string }) {
  const hash = Array.from(symbol).reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
  return (
    <span aria-hidden="true" className={`inline-flex ${size} shrink-0 items-center justify-center rounded-full text-xs font-semibold ${TINTS[hash % TINTS.length] ?? TINTS[0]}`}>
      {symbol.slice(0, 3)}
    </span>
  );
}

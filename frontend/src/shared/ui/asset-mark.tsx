const TINTS = ['mark-1', 'mark-2', 'mark-3', 'mark-4', 'mark-5', 'mark-6'] as const;
const LONGEST = 4;

/** An asset's emblem drawn from its symbol, so that no picture has to come from elsewhere. */
export function AssetMark({ symbol, size = 'size-9' }: { symbol: string; size?: string }) {
  const hash = Array.from(symbol).reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 997, 7);
  const text = symbol.slice(0, LONGEST);
  return (
    <span aria-hidden="true" className={`inline-flex ${size} shrink-0 items-center justify-center rounded-full font-semibold tracking-tight ${text.length === LONGEST ? 'text-[0.625rem]' : 'text-xs'} ${TINTS[hash % TINTS.length] ?? TINTS[0]}`}>
      {text}
    </span>
  );
}

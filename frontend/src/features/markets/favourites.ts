import { useSyncExternalStore } from 'react';

const KEY = 'cnop.favourites';
/** More than anybody stars by hand, and little enough to be kept. */
const MOST = 200;
const NONE: readonly string[] = [];

const listeners = new Set<() => void>();
let remembered: { text: string | null; ids: readonly string[] } = { text: null, ids: NONE };

function idsIn(text: string | null): readonly string[] {
  try {
    const ids: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string').slice(0, MOST) : NONE;
  } catch {
    return NONE;
  }
}

function read(): readonly string[] {
  try {
    const text = localStorage.getItem(KEY);
    if (text !== remembered.text) remembered = { text, ids: idsIn(text) };
  } catch {
    // Storage is blocked: what was starred lasts as long as the page.
  }
  return remembered.ids;
}

/** Stars an asset, or takes its star away; kept in this browser. */
export function toggleFavourite(assetId: string): void {
  const before = read();
  const ids = before.includes(assetId) ? before.filter((id) => id !== assetId) : [...before, assetId].slice(-MOST);
  const text = JSON.stringify(ids);
  remembered = { text, ids };
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // As above.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  globalThis.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    globalThis.removeEventListener('storage', listener);
  };
}

/** The assets that were starred in this browser. */
export const useFavourites = (): readonly string[] => useSyncExternalStore(subscribe, read);

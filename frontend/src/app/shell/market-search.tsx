import { useEffect, useState } from 'react';
import { MarketFinder } from '@/features/markets/market-finder';
import { SearchIcon } from '@/shared/ui/icons';

const KEY = 'k';

/** Ctrl or ⌘ with K, as in many applications; a letter alone would be in the way of typing and of dictation. */
function useShortcut(act: () => void) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== KEY || event.shiftKey || event.altKey || event.ctrlKey === event.metaKey) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => {
      document.removeEventListener('keydown', listen);
    };
  }, [act]);
}

/** Finds a market from any page, by the header or the keyboard. */
export function MarketSearch() {
  const [open, setOpen] = useState(false);
  const [show] = useState(() => () => {
    // Over another dialog it would take that one's place, with whatever was filled in there.
    if (document.querySelector('[role="dialog"]') === null) setOpen(true);
  });
  useShortcut(show);
  return (
    <>
      <button
        type="button"
        aria-keyshortcuts="Control+K Meta+K"
        className="hidden h-9 w-52 items-center gap-2 rounded-lg border border-line bg-canvas px-3 text-sm text-muted hover:border-line-strong hover:text-text md:flex lg:w-64"
        onClick={show}
      >
        <SearchIcon /> Find a market
        <kbd aria-hidden="true" className="ml-auto rounded border border-line bg-surface px-1.5 font-sans text-xs">
          Ctrl K
        </kbd>
      </button>
      <MarketFinder open={open} onOpenChange={setOpen} />
    </>
  );
}

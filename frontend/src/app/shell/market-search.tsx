import { useEffect, useState } from 'react';
import { MarketFinder } from '@/features/markets/market-finder';
import { SearchIcon } from '@/shared/ui/icons';

const KEY = 'k';
const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

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
        className="hidden h-9 items-center gap-2 rounded-lg px-2.5 text-sm text-muted hover:bg-sunken hover:text-text md:flex xl:w-64 xl:border xl:border-line xl:bg-canvas xl:px-3 xl:hover:border-line-strong"
        onClick={show}
      >
        <SearchIcon /> <span className="sr-only xl:not-sr-only">Find a market</span>
        <kbd aria-hidden="true" className="ml-auto hidden rounded border border-line bg-surface px-1.5 font-sans text-xs xl:block">
          {IS_APPLE ? '⌘K' : 'Ctrl K'}
        </kbd>
      </button>
      <MarketFinder open={open} onOpenChange={setOpen} />
    </>
  );
}

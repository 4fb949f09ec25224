import { Button } from './button';
import { ChevronLeftIcon, ChevronRightIcon } from './icons';

interface PagerProps {
  /** What is paged, for the accessible name. */
  label: string;
  page: number;
  hasNewer: boolean;
  hasOlder: boolean;
  busy: boolean;
  onNewer: () => void;
  onOlder: () => void;
}

/** Steps through a list that the server pages by cursor, newest first. */
export function Pager({ label, page, hasNewer, hasOlder, busy, onNewer, onOlder }: PagerProps) {
  if (!hasNewer && !hasOlder) return null;
  return (
    <nav aria-label={`${label} pages`} className="flex items-center justify-between gap-3 border-t border-line px-4 py-3 sm:px-5">
      <span className="text-sm text-muted" aria-live="polite">
        Page {page}
      </span>
      <div className="flex gap-2">
        <Button size="sm" disabled={!hasNewer} onClick={onNewer}>
          <ChevronLeftIcon /> Newer
        </Button>
        <Button size="sm" disabled={!hasOlder} busy={busy} onClick={onOlder}>
          Older <ChevronRightIcon />
        </Button>
      </div>
    </nav>
  );
}

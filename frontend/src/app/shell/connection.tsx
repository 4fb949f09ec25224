import { useSyncExternalStore } from 'react';
import { useAssets } from '@/shared/api/queries';
import { isTransient } from '@/shared/api/problem';
import { OfflineIcon } from '@/shared/ui/icons';

function subscribe(listener: () => void): () => void {
  globalThis.addEventListener('online', listener);
  globalThis.addEventListener('offline', listener);
  return () => {
    globalThis.removeEventListener('online', listener);
    globalThis.removeEventListener('offline', listener);
  };
}

const useIsOnline = (): boolean => useSyncExternalStore(subscribe, () => navigator.onLine);

function troubleOf(online: boolean, error: unknown): string | null {
  if (!online) return 'You are offline. Figures may be out of date, and nothing can be traded.';
  return isTransient(error) ? 'The server cannot be reached. Figures may be out of date; trying again.' : null;
}

/** Says so at the top of the page while prices cannot be fetched. */
export function ConnectionBanner() {
  const online = useIsOnline();
  const prices = useAssets();
  const trouble = troubleOf(online, prices.error);
  return (
    <div role="status">
      {trouble !== null && (
        <p className="flex items-center justify-center gap-2 bg-warning-soft px-4 py-2 text-center text-sm text-warning">
          <OfflineIcon />
          {trouble}
        </p>
      )}
    </div>
  );
}

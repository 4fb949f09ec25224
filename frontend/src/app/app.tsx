import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { keys } from '@/shared/api/keys';
import { type Services, ServicesProvider } from '@/shared/services';
import { ToastProvider } from '@/shared/ui/toasts';
import type { createAppRouter } from './router';

interface AppProps {
  services: Services;
  router: ReturnType<typeof createAppRouter>;
}

/** Starts the session, and forgets what its owner saw as soon as it ends. */
function useSessionLife({ session, queries }: Services) {
  useEffect(() => {
    void session.restore();
    return session.subscribe(() => {
      if (session.snapshot().status === 'signed-out') queries.removeQueries({ queryKey: keys.account });
    });
  }, [session, queries]);
}

/** Streams prices while somebody looks: a hidden page must not hold one of the server's streams. */
function useLivePrices({ prices }: Services) {
  useEffect(() => {
    const follow = () => {
      if (document.visibilityState === 'visible') prices.start();
      else prices.stop();
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      prices.stop();
    };
  }, [prices]);
}

export function App({ services, router }: AppProps) {
  useSessionLife(services);
  useLivePrices(services);
  return (
    <ServicesProvider value={services}>
      <QueryClientProvider client={services.queries}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </QueryClientProvider>
    </ServicesProvider>
  );
}

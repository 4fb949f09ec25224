import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { keys } from '@/shared/api/keys';
import type { WalletChange } from '@/shared/live/wallet-stream';
import { outcomeOf, sentenceFor } from '@/shared/orders/outcome';
import { type Services, ServicesProvider, useServices, useSession } from '@/shared/services';
import { StepUpProvider } from '@/shared/step-up/step-up';
import { ToastProvider, useToast } from '@/shared/ui/toasts';
import type { createAppRouter } from './router';

interface AppProps {
  services: Services;
  router: ReturnType<typeof createAppRouter>;
}

/** Starts the session, and forgets what its owner saw as soon as it ends. */
function useSessionLife({ session, queries, wallet }: Services) {
  useEffect(() => {
    void session.restore();
    return session.subscribe(() => {
      if (session.snapshot().status !== 'signed-out') return;
      wallet.forget();
      for (const queryKey of keys.personal) queries.removeQueries({ queryKey });
    });
  }, [session, queries, wallet]);
}

interface Stream {
  start: () => void;
  stop: () => void;
}

/** Streams while somebody looks: a hidden page must not hold one of the server's streams. */
function useWhileVisible(stream: Stream, wanted: boolean) {
  useEffect(() => {
    if (!wanted) return undefined;
    const follow = () => {
      if (document.visibilityState === 'visible') stream.start();
      else stream.stop();
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      stream.stop();
    };
  }, [stream, wanted]);
}

/** Follows one's own wallet, and says what became of orders that waited. */
function WalletWatch() {
  const { wallet, walletChanges } = useServices();
  const session = useSession();
  const announce = useToast();
  useWhileVisible(wallet, session.status === 'signed-in' && session.roles.includes('customer'));
  useEffect(() => {
    const tell = ({ order }: WalletChange) => {
      if (order === null || !order.order_type.startsWith('limit_')) return;
      if (order.status === 'completed' || order.status === 'expired') announce('success', sentenceFor(order, order.asset_id), outcomeOf(order));
    };
    walletChanges.add(tell);
    return () => {
      walletChanges.delete(tell);
    };
  }, [walletChanges, announce]);
  return null;
}

export function App({ services, router }: AppProps) {
  useSessionLife(services);
  useWhileVisible(services.prices, true);
  return (
    <ServicesProvider value={services}>
      <QueryClientProvider client={services.queries}>
        <ToastProvider>
          <WalletWatch />
          <StepUpProvider>
            <RouterProvider router={router} />
          </StepUpProvider>
        </ToastProvider>
      </QueryClientProvider>
    </ServicesProvider>
  );
}

import { QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { type ApiClient, createApiClient } from './api/client';
import { ASSETS_KEY, keys } from './api/keys';
import { isTransient } from './api/problem';
import type { AssetPage } from './api/types';
import { withTicks } from './live/merge-prices';
import { type Connect, PriceStream } from './live/price-stream';
import { walletPorts } from './live/wallet-connection';
import { type WalletChange, WalletStream } from './live/wallet-stream';
import { Session, type SessionPorts, type SessionState } from './session/session';

/** What the application is built from; made once per page, or once per test. */
export interface Services {
  readonly session: Session;
  readonly api: ApiClient;
  readonly queries: QueryClient;
  readonly prices: PriceStream;
  readonly wallet: WalletStream;
  /** Hears of every change of one's wallet that arrived by stream, after the figures were asked for anew. */
  readonly walletChanges: Set<(change: WalletChange) => void>;
}

const READ_RETRIES = 2;

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < READ_RETRIES && isTransient(error),
      },
      // An order must never wait for the connection and then go out unasked.
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

/** Builds the application's parts; without `connect`, prices are asked for instead of streamed. */
export function createServices(ports: SessionPorts, connect: Connect = () => null): Services {
  const session = new Session(ports);
  const queries = createQueryClient();
  const prices = new PriceStream(connect, (ticks) => {
    // Prices alone do not make a page new: it is as old as the answer that the rest of it came with.
    const updatedAt = queries.getQueryState(ASSETS_KEY)?.dataUpdatedAt ?? 0;
    queries.setQueryData<AssetPage>(ASSETS_KEY, (page) => (page === undefined ? undefined : withTicks(page, ticks)), { updatedAt });
  });
  const walletChanges = new Set<(change: WalletChange) => void>();
  const refreshAccount = () => void queries.invalidateQueries({ queryKey: keys.account });
  const wallet = new WalletStream(walletPorts(session), {
    onReset: refreshAccount,
    onChange: (changes) => {
      refreshAccount();
      for (const change of changes) for (const listener of walletChanges) listener(change);
    },
  });
  return { session, api: createApiClient(session), queries, prices, wallet, walletChanges };
}

const ServicesContext = createContext<Services | null>(null);

export const ServicesProvider = ServicesContext.Provider;

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error('useServices needs a ServicesProvider');
  return services;
}

export const useApi = (): ApiClient => useServices().api;

export function useSession(): SessionState {
  const { session } = useServices();
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

export const useIsSignedIn = (): boolean => useSession().status === 'signed-in';

/** Whether the person has a role. For what is shown only: the server decides what may be done. */
export function useHasRole(...roles: readonly string[]): boolean {
  const session = useSession();
  return session.status === 'signed-in' && roles.some((role) => session.roles.includes(role));
}

export const useIsCustomer = (): boolean => useHasRole('customer');

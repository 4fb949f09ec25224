import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate, type RouterHistory } from '@tanstack/react-router';
import { isSort, type Sort } from '@/features/markets/listing';
import { isOrderType, isStatus, type OrderFilter } from '@/features/orders/wording';
import { useSession } from '@/shared/services';
import { safeNext } from './next-path';
import { OwnArea } from './routes/own-area';
import { ErrorPage, NotFoundPage } from './routes/trouble-pages';
import { Shell } from './shell/shell';

type Search = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

interface EntrySearch {
  next?: string | undefined;
}

const entrySearch = ({ next }: Search): EntrySearch => ({ next: safeNext(next) });

interface MarketsSearch {
  q?: string | undefined;
  sort?: Sort | undefined;
  category?: string | undefined;
}

const marketsSearch = ({ q, sort, category }: Search): MarketsSearch => ({
  q: typeof q === 'number' ? String(q) : text(q),
  sort: isSort(sort) ? sort : undefined,
  category: text(category),
});

const ordersSearch = ({ type, status }: Search): OrderFilter => ({
  type: isOrderType(type) ? type : undefined,
  status: isStatus(status) ? status : undefined,
});

function Home() {
  const { status } = useSession();
  if (status === 'restoring') return null;
  return <Navigate to={status === 'signed-in' ? '/dashboard' : '/markets'} replace />;
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage, errorComponent: ErrorPage });

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./routes/entry-pages'), 'LoginPage'),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./routes/entry-pages'), 'RegisterPage'),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./routes/entry-pages'), 'ForgotPasswordPage'),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('./routes/entry-pages'), 'ResetPasswordPage'),
});

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/verify-email',
  component: lazyRouteComponent(() => import('./routes/entry-pages'), 'VerifyEmailPage'),
});

const markets = createRoute({
  getParentRoute: () => root,
  path: '/markets',
  validateSearch: marketsSearch,
  component: lazyRouteComponent(() => import('./routes/markets-page'), 'MarketsPage'),
});

const asset = createRoute({
  getParentRoute: () => root,
  path: '/markets/$assetId',
  component: lazyRouteComponent(() => import('./routes/asset-page'), 'AssetPage'),
});

const own = createRoute({ getParentRoute: () => root, id: 'own', component: OwnArea });

const dashboard = createRoute({
  getParentRoute: () => own,
  path: '/dashboard',
  component: lazyRouteComponent(() => import('./routes/dashboard-page'), 'DashboardPage'),
});

const orders = createRoute({
  getParentRoute: () => own,
  path: '/orders',
  validateSearch: ordersSearch,
  component: lazyRouteComponent(() => import('./routes/orders-page'), 'OrdersPage'),
});

const transactions = createRoute({
  getParentRoute: () => own,
  path: '/transactions',
  component: lazyRouteComponent(() => import('./routes/transactions-page'), 'TransactionsPage'),
});

const security = createRoute({
  getParentRoute: () => own,
  path: '/security',
  component: lazyRouteComponent(() => import('./routes/security-page'), 'SecurityPage'),
});

const routeTree = root.addChildren([
  home,
  login,
  register,
  forgotPassword,
  resetPassword,
  verifyEmail,
  markets,
  asset,
  own.addChildren([dashboard, orders, transactions, security]),
]);

/** Builds the router; tests hand in a memory history. */
export const createAppRouter = (history?: RouterHistory) =>
  createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true, ...(history === undefined ? {} : { history }) });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

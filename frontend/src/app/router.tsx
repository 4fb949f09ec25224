import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate, type RouterHistory, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { AuditSearch } from '@/features/operator/audit-explorer';
import { isAuditClass } from '@/features/operator/audit-record';
import { isSort, type Sort } from '@/features/markets/listing';
import { isOrderType, isStatus, type OrderFilter } from '@/shared/orders/wording';
import { takeNext } from '@/shared/federation';
import { useSession } from '@/shared/services';
import { useToast } from '@/shared/ui/toasts';
import { safeNext } from './next-path';
import { CustomerArea, OwnArea } from './routes/own-area';
import { ErrorPage, NotFoundPage } from './routes/trouble-pages';
import { Shell } from './shell/shell';

type Search = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Text that the address may spell like a number. */
const asText = (value: unknown): string | undefined => (typeof value === 'number' ? String(value) : text(value));

interface EntrySearch {
  next?: string | undefined;
}

const entrySearch = ({ next }: Search): EntrySearch => ({ next: safeNext(next) });

interface MarketsSearch {
  q?: string | undefined;
  sort?: Sort | undefined;
  category?: string | undefined;
  starred?: boolean | undefined;
}

const marketsSearch = ({ q, sort, category, starred }: Search): MarketsSearch => ({
  q: asText(q),
  sort: isSort(sort) ? sort : undefined,
  category: text(category),
  starred: starred === true ? true : undefined,
});

const ordersSearch = ({ type, status, asset: assetId }: Search): OrderFilter => ({
  type: isOrderType(type) ? type : undefined,
  status: isStatus(status) ? status : undefined,
  asset: asText(assetId),
});

interface NameSearch {
  username?: string | undefined;
}

const nameSearch = ({ username }: Search): NameSearch => ({ username: asText(username) });

const auditSearch = ({ actor, class: kind }: Search): AuditSearch => ({ actor: asText(actor), class: isAuditClass(kind) ? kind : undefined });

/** Where to go on after coming back from a provider: one's own words, or what was linked there. */
function useWayOn(): string | undefined {
  const router = useRouter();
  const announce = useToast();
  const [{ hash, wayOn }] = useState(() => {
    const came = router.state.location.hash;
    return { hash: came, wayOn: came === 'linked' ? '/security' : safeNext(takeNext()) };
  });
  useEffect(() => {
    if (hash === 'linked') announce('success', 'The account is linked.');
    if (hash === 'confirmed') announce('success', 'It is confirmed that it is you, for five minutes. Make your change again.');
  }, [hash, announce]);
  return wayOn;
}

function Home() {
  const session = useSession();
  const wayOn = useWayOn();
  if (session.status === 'restoring') return null;
  if (session.status === 'signed-out') return <Navigate to="/markets" replace />;
  if (wayOn !== undefined) return <Navigate to={wayOn} replace />;
  return <Navigate to={session.roles.includes('customer') ? '/dashboard' : '/operator'} replace />;
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

const customer = createRoute({ getParentRoute: () => own, id: 'customer', component: CustomerArea });

const dashboard = createRoute({
  getParentRoute: () => customer,
  path: '/dashboard',
  component: lazyRouteComponent(() => import('./routes/dashboard-page'), 'DashboardPage'),
});

const orders = createRoute({
  getParentRoute: () => customer,
  path: '/orders',
  validateSearch: ordersSearch,
  component: lazyRouteComponent(() => import('./routes/orders-page'), 'OrdersPage'),
});

const transactions = createRoute({
  getParentRoute: () => customer,
  path: '/transactions',
  component: lazyRouteComponent(() => import('./routes/transactions-page'), 'TransactionsPage'),
});

const security = createRoute({
  getParentRoute: () => own,
  path: '/security',
  component: lazyRouteComponent(() => import('./routes/security-page'), 'SecurityPage'),
});

const operatorPages = () => import('./routes/operator-pages');

const operator = createRoute({ getParentRoute: () => own, path: '/operator', component: lazyRouteComponent(operatorPages, 'OperatorArea') });

const operatorStart = createRoute({ getParentRoute: () => operator, path: '/', component: lazyRouteComponent(operatorPages, 'OperatorStart') });

const operatorUsers = createRoute({
  getParentRoute: () => operator,
  path: '/users',
  validateSearch: nameSearch,
  component: lazyRouteComponent(operatorPages, 'OperatorUsersPage'),
});

const operatorUser = createRoute({ getParentRoute: () => operator, path: '/users/$userId', component: lazyRouteComponent(operatorPages, 'OperatorUserPage') });

const operatorOrders = createRoute({
  getParentRoute: () => operator,
  path: '/orders',
  validateSearch: nameSearch,
  component: lazyRouteComponent(operatorPages, 'OperatorOrdersPage'),
});

const operatorAssets = createRoute({ getParentRoute: () => operator, path: '/assets', component: lazyRouteComponent(operatorPages, 'OperatorAssetsPage') });

const operatorAudit = createRoute({
  getParentRoute: () => operator,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(operatorPages, 'OperatorAuditPage'),
});

const operatorHealth = createRoute({ getParentRoute: () => operator, path: '/health', component: lazyRouteComponent(operatorPages, 'OperatorHealthPage') });

const routeTree = root.addChildren([
  home,
  login,
  register,
  forgotPassword,
  resetPassword,
  verifyEmail,
  markets,
  asset,
  own.addChildren([
    customer.addChildren([dashboard, orders, transactions]),
    security,
    operator.addChildren([operatorStart, operatorUsers, operatorUser, operatorOrders, operatorAssets, operatorAudit, operatorHealth]),
  ]),
]);

/** Builds the router; tests hand in a memory history. */
export const createAppRouter = (history?: RouterHistory) =>
  createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true, ...(history === undefined ? {} : { history }) });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

import { Link } from '@tanstack/react-router';
import { STAFF } from '@/features/operator/places';
import { useHasRole, useIsCustomer } from '@/shared/services';
import { ConsoleIcon, DashboardIcon, MarketsIcon, OrdersIcon, TransactionsIcon } from '@/shared/ui/icons';

const MARKETS = ['/markets', 'Markets', MarketsIcon] as const;
const CUSTOMER_PLACES = [['/dashboard', 'Dashboard', DashboardIcon] as const, MARKETS, ['/orders', 'Orders', OrdersIcon] as const, ['/transactions', 'Transactions', TransactionsIcon] as const];
const CONSOLE = ['/operator', 'Console', ConsoleIcon] as const;

function usePlaces() {
  const own = useIsCustomer() ? CUSTOMER_PLACES : [MARKETS];
  return useHasRole(...STAFF) ? [...own, CONSOLE] : own;
}

/** The places in the header, on wide screens. */
export function HeaderNavigation() {
  return (
    <nav aria-label="Main" className="hidden items-center gap-1 sm:flex">
      {usePlaces().map(([to, text]) => (
        <Link key={to} to={to} className="rounded-lg px-3 py-1.5 text-sm font-medium text-muted hover:text-text aria-[current=page]:bg-sunken aria-[current=page]:text-text">
          {text}
        </Link>
      ))}
    </nav>
  );
}

/** The same places at the bottom edge, on phones. */
export function TabBar() {
  const places = usePlaces();
  if (places.length < 2) return null;
  return (
    <nav aria-label="Main" className="fixed inset-x-0 bottom-0 z-30 grid auto-cols-fr grid-flow-col border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] sm:hidden">
      {places.map(([to, text, Icon]) => (
        <Link key={to} to={to} className="flex flex-col items-center gap-0.5 py-2 text-xs font-medium text-muted outline-offset-[-3px] aria-[current=page]:text-accent">
          <Icon className="size-5" />
          {text}
        </Link>
      ))}
    </nav>
  );
}

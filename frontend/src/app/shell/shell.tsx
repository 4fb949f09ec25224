import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSession } from '@/shared/services';
import { Button } from '@/shared/ui/button';
import { AccountMenu } from './account-menu';
import { ConnectionBanner } from './connection';
import { MarketSearch } from './market-search';
import { HeaderNavigation, TabBar } from './navigation';
import { ReplacedBanner } from './replaced-banner';
import { ThemeMenu } from './theme-menu';

function Wordmark() {
  return (
    <Link to="/" aria-label="CNOP, home" className="flex items-center gap-2 rounded-md font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" width={26} height={26} className="size-6.5" />
      CNOP
    </Link>
  );
}

function Account() {
  const session = useSession();
  if (session.status === 'restoring') return <div className="h-9 w-24 animate-pulse rounded-lg bg-sunken" aria-hidden="true" />;
  if (session.status === 'signed-in') return <AccountMenu username={session.username} />;
  return (
    <div className="flex items-center gap-2">
      <Button asChild size="sm" variant="ghost">
        <Link to="/login">Log in</Link>
      </Button>
      <Button asChild size="sm" variant="primary">
        <Link to="/register">Create account</Link>
      </Button>
    </div>
  );
}

/** Out of sight while the page above it is still loading: it would only jump. */
const UNTIL_LOADED = '[main:empty+&]:invisible [main:has(.animate-pulse)+&]:invisible';

function Footer() {
  return (
    <footer className={`page mt-auto flex flex-wrap items-center justify-between gap-x-6 gap-y-2 pt-10 pb-8 text-xs text-muted max-sm:[&:has(+nav)]:pb-24 ${UNTIL_LOADED}`}>
      <p>Prices may be simulated. Nothing here is investment advice.</p>
      <p className="flex gap-4">
        <a className="-mx-1 rounded p-1 hover:text-text" href="/api/v1/docs">
          API
        </a>
        <a className="rounded py-1 hover:text-text" href="https://www.tradingview.com/" rel="noreferrer">
          Charts by TradingView
        </a>
      </p>
    </footer>
  );
}

const OPENED = '[role="menu"], [role="dialog"]';

/**
 * Moves the focus to the page's content after a navigation, as a page load would; but not out of a menu that somebody
 * opened while the page was on its way, since that would close it.
 */
function useFocusOnNavigation() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const previous = useRef(path);
  useEffect(() => {
    const isBusyElsewhere = document.activeElement?.closest(OPENED) != null;
    if (previous.current !== undefined && previous.current !== path && !isBusyElsewhere) main.current?.focus({ preventScroll: true });
    previous.current = path;
  }, [path]);
  return main;
}

/** What surrounds every page. */
export function Shell() {
  const main = useFocusOnNavigation();
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#content" className="sr-only z-50 rounded-lg bg-accent-solid px-4 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        Skip to content
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-surface">
        <div className="page flex h-14 items-center gap-6">
          <Wordmark />
          <HeaderNavigation />
          <div className="ml-auto flex items-center gap-1 sm:gap-2">
            <MarketSearch />
            <ThemeMenu />
            <Account />
          </div>
        </div>
      </header>
      <ConnectionBanner />
      <ReplacedBanner />
      <main id="content" ref={main} tabIndex={-1} className="page flex-1 pt-6 outline-none sm:pt-8">
        <Outlet />
      </main>
      <Footer />
      <TabBar />
    </div>
  );
}

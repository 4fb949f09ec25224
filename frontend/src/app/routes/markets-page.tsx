import { getRouteApi, Link } from '@tanstack/react-router';
import type { Listing } from '@/features/markets/listing';
import { MarketList } from '@/features/markets/market-list';
import { useSession } from '@/shared/services';
import { Button } from '@/shared/ui/button';
import { PageTitle } from './page-title';

const route = getRouteApi('/markets');

function Invitation() {
  if (useSession().status !== 'signed-out') return null;
  return (
    <div className="mb-6 flex flex-wrap items-center justify-between gap-4 rounded-xl border border-line bg-surface p-5">
      <div>
        <p className="font-semibold">Trade at live prices</p>
        <p className="text-sm text-muted">Create an account, deposit cash, and place your first order in a minute.</p>
      </div>
      <Button asChild variant="primary">
        <Link to="/register">Get started</Link>
      </Button>
    </div>
  );
}

export function MarketsPage() {
  const { q = '', sort = 'rank', category = '', starred = false } = route.useSearch();
  const navigate = route.useNavigate();
  const show = ({ search, sort: order, category: kind, starred: only }: Listing) => {
    const next = { q: search === '' ? undefined : search, sort: order === 'rank' ? undefined : order, category: kind === '' ? undefined : kind, starred: only ? true : undefined };
    void navigate({ search: next, replace: true, resetScroll: false });
  };
  return (
    <>
      <PageTitle title="Markets">Live prices in US dollars.</PageTitle>
      <Invitation />
      <MarketList listing={{ search: q, sort, category, starred }} onChange={show} />
    </>
  );
}

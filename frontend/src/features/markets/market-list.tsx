import { useAssets } from '@/shared/api/queries';
import type { Asset } from '@/shared/api/types';
import { categoryName } from '@/shared/categories';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { INPUT } from '@/shared/ui/field';
import { SearchIcon, StarIcon } from '@/shared/ui/icons';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { AssetTable } from './asset-table';
import { useFavourites } from './favourites';
import { arrange, categoriesOf, isSort, type Listing, SORTS } from './listing';

interface MarketListProps {
  listing: Listing;
  onChange: (listing: Listing) => void;
}

function Filters({ listing, onChange, assets }: MarketListProps & { assets: readonly Asset[] }) {
  const categories = [['', 'All categories'] as const, ...categoriesOf(assets).map((category) => [category, categoryName(category)] as const)];
  return (
    <div role="search" className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:px-5 lg:flex">
      <div className="col-span-2 flex gap-3 lg:contents">
        <div className="relative flex-1">
          <SearchIcon className="pointer-events-none absolute top-3 left-3 size-4 text-muted" />
          <input
            type="search"
            aria-label="Search assets"
            placeholder="Search name or symbol"
            className={`${INPUT} h-10! pl-9 text-sm`}
            value={listing.search}
            onChange={(event) => {
              onChange({ ...listing, search: event.target.value });
            }}
          />
        </div>
        <Button
          aria-pressed={listing.starred}
          className="px-3! text-sm! aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
          onClick={() => { onChange({ ...listing, starred: !listing.starred }); }}
        >
          <StarIcon fill={listing.starred ? 'currentColor' : 'none'} /> <span className="sr-only sm:not-sr-only">Favourites</span>
        </Button>
      </div>
      <Select label="Category" options={categories} value={listing.category} className="lg:w-44" onChoose={(category) => { onChange({ ...listing, category }); }} />
      <Select label="Sort by" options={SORTS} value={listing.sort} className="lg:w-48" onChoose={(sort) => { if (isSort(sort)) onChange({ ...listing, sort }); }} />
    </div>
  );
}

/** All assets at live prices, to be searched, narrowed and sorted. */
export function MarketList({ listing, onChange }: MarketListProps) {
  const assets = useAssets();
  const favourites = useFavourites();
  if (assets.data === undefined) {
    return <Card>{assets.error === null ? <LoadingRows rows={10} label="Loading markets" /> : <FailedState error={assets.error} onRetry={() => void assets.refetch()} />}</Card>;
  }
  const shown = arrange(assets.data, listing, favourites);
  const noneStarred = listing.starred && favourites.length === 0;
  return (
    <Card>
      <Filters listing={listing} onChange={onChange} assets={assets.data} />
      <p className="sr-only" role="status">
        {shown.length} assets shown
      </p>
      {shown.length === 0 ? (
        <EmptyState title={noneStarred ? 'No favourites yet' : 'Nothing matches'} action={<Button size="sm" onClick={() => { onChange({ ...listing, search: '', category: '', starred: false }); }}>Clear filters</Button>}>
          {noneStarred ? 'Star assets to find them here. They are kept in this browser.' : 'No asset fits this search and these filters.'}
        </EmptyState>
      ) : (
        <AssetTable assets={shown} sort={listing.sort} onSort={(sort) => { onChange({ ...listing, sort }); }} />
      )}
    </Card>
  );
}

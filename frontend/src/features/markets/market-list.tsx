import { useAssets } from '@/shared/api/queries';
import type { Asset } from '@/shared/api/types';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { INPUT } from '@/shared/ui/field';
import { SearchIcon } from '@/shared/ui/icons';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { AssetTable } from './asset-table';
import { arrange, categoriesOf, categoryName, isSort, type Listing, SORTS } from './listing';

interface MarketListProps {
  listing: Listing;
  onChange: (listing: Listing) => void;
}

function Filters({ listing, onChange, assets }: MarketListProps & { assets: readonly Asset[] }) {
  const categories = [['', 'All categories'] as const, ...categoriesOf(assets).map((category) => [category, categoryName(category)] as const)];
  return (
    <div role="search" className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:flex sm:px-5">
      <div className="relative col-span-2 sm:flex-1">
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
      <Select label="Category" options={categories} value={listing.category} className="sm:w-44" onChoose={(category) => { onChange({ ...listing, category }); }} />
      <Select label="Sort by" options={SORTS} value={listing.sort} className="sm:w-48" onChoose={(sort) => { if (isSort(sort)) onChange({ ...listing, sort }); }} />
    </div>
  );
}

/** All assets at live prices, to be searched, narrowed and sorted. */
export function MarketList({ listing, onChange }: MarketListProps) {
  const assets = useAssets();
  if (assets.data === undefined) {
    return <Card>{assets.error === null ? <LoadingRows rows={10} label="Loading markets" /> : <FailedState error={assets.error} onRetry={() => void assets.refetch()} />}</Card>;
  }
  const shown = arrange(assets.data, listing);
  return (
    <Card>
      <Filters listing={listing} onChange={onChange} assets={assets.data} />
      <p className="sr-only" role="status">
        {shown.length} assets shown
      </p>
      {shown.length === 0 ? (
        <EmptyState title="Nothing matches" action={<Button size="sm" onClick={() => { onChange({ ...listing, search: '', category: '' }); }}>Clear filters</Button>}>
          No asset fits this search and category.
        </EmptyState>
      ) : (
        <AssetTable assets={shown} sort={listing.sort} onSort={(sort) => { onChange({ ...listing, sort }); }} />
      )}
    </Card>
  );
}

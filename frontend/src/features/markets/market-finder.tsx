import { Link, useNavigate } from '@tanstack/react-router';
import { type SubmitEvent, useState } from 'react';
import { useAssets } from '@/shared/api/queries';
import type { Asset } from '@/shared/api/types';
import { formatPrice } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { PercentChange } from '@/shared/ui/change';
import { Dialog } from '@/shared/ui/dialog';
import { INPUT } from '@/shared/ui/field';
import { SearchIcon } from '@/shared/ui/icons';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { useFavourites } from './favourites';
import { arrange } from './listing';

interface MarketFinderProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** What fits the search, favourites first. */
function useFound(search: string): readonly Asset[] | undefined {
  const assets = useAssets().data;
  const favourites = useFavourites();
  if (assets === undefined) return undefined;
  const found = arrange(assets, { search, sort: 'rank', category: '', starred: false }, favourites);
  const isStarred = (asset: Asset) => favourites.includes(asset.asset_id);
  return [...found.filter(isStarred), ...found.filter((asset) => !isStarred(asset))];
}

function FoundMarket({ asset, onChosen }: { asset: Asset; onChosen: () => void }) {
  return (
    <li>
      <Link to="/markets/$assetId" params={{ assetId: asset.asset_id }} className="flex items-center gap-3 rounded-lg px-2 py-2 outline-offset-[-2px] hover:bg-sunken aria-[current=page]:bg-sunken" onClick={onChosen}>
        <AssetMark symbol={asset.symbol} size="size-8" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{asset.name}</span>
          <span className="block text-xs text-muted">{asset.symbol}</span>
        </span>
        <span className="num text-right text-sm">
          <span className="block font-medium">{formatPrice(asset.price_usd)}</span>
          <span className="block text-xs">
            <PercentChange percent={asset.price_change_percentage_24h} />
          </span>
        </span>
      </Link>
    </li>
  );
}

function Finder({ onChosen }: { onChosen: () => void }) {
  const [search, setSearch] = useState('');
  const assets = useAssets();
  const found = useFound(search);
  const navigate = useNavigate();
  const first = found?.[0];
  const goToFirst = (event: SubmitEvent) => {
    event.preventDefault();
    if (first === undefined) return;
    onChosen();
    void navigate({ to: '/markets/$assetId', params: { assetId: first.asset_id } });
  };
  return (
    <form role="search" onSubmit={goToFirst}>
      <div className="relative">
        <SearchIcon className="pointer-events-none absolute top-3.5 left-3 size-4 text-muted" />
        <input
          type="search"
          aria-label="Find a market"
          placeholder="Name or symbol, then Enter"
          autoComplete="off"
          className={`${INPUT} pl-9`}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
          }}
        />
      </div>
      <div className="-mx-2 mt-3 h-[22rem] max-h-[50dvh] overflow-y-auto">
        {found === undefined ? (
          assets.error === null ? <LoadingRows rows={5} label="Loading markets" /> : <FailedState error={assets.error} onRetry={() => void assets.refetch()} />
        ) : found.length === 0 ? (
          <EmptyState title="Nothing matches">No asset has this name or symbol.</EmptyState>
        ) : (
          <ul aria-label="Markets">
            {found.map((asset) => (
              <FoundMarket key={asset.asset_id} asset={asset} onChosen={onChosen} />
            ))}
          </ul>
        )}
      </div>
    </form>
  );
}

/** Goes to a market by its name, from anywhere. */
export function MarketFinder({ open, onOpenChange }: MarketFinderProps) {
  return (
    <Dialog open={open} title="Go to a market" onOpenChange={onOpenChange}>
      <Finder onChosen={() => { onOpenChange(false); }} />
    </Dialog>
  );
}

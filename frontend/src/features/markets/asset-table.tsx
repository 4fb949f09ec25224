import { Link } from '@tanstack/react-router';
import type { Asset } from '@/shared/api/types';
import { categoryName } from '@/shared/categories';
import { formatCompactMoney, formatPrice } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { PercentChange } from '@/shared/ui/change';
import { StarIcon } from '@/shared/ui/icons';
import { LivePrice } from '@/shared/ui/live-price';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { toggleFavourite, useFavourites } from './favourites';
import type { Sort } from './listing';
import { Sparkline } from './sparkline';

interface SortHeadProps {
  title: string;
  className?: string;
  align?: 'left' | 'right';
  ascending: Sort;
  descending: Sort;
  first?: Sort;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

/** A heading that sorts by its column: the order of its first press first, the other one by the next. */
function SortHead({ title, className, align = 'right', ascending, descending, first = descending, sort, onSort }: SortHeadProps) {
  const direction = sort === descending ? 'descending' : sort === ascending ? 'ascending' : undefined;
  return (
    <Head align={align} aria-sort={direction} className={className}>
      <button
        type="button"
        className="-my-1 rounded py-1 hover:text-text"
        onClick={() => {
          onSort(sort === first ? (first === descending ? ascending : descending) : first);
        }}
      >
        {title}
        <span aria-hidden="true">{direction === 'descending' ? ' ↓' : direction === 'ascending' ? ' ↑' : ''}</span>
      </button>
    </Head>
  );
}

/** Columns that the price feed may have no figures for. */
interface Figures {
  readonly range: boolean;
  readonly volume: boolean;
  readonly cap: boolean;
}

const figuresIn = (assets: readonly Asset[]): Figures => ({
  range: assets.some((asset) => asset.high_24h !== null),
  volume: assets.some((asset) => asset.total_volume_24h !== null),
  cap: assets.some((asset) => asset.market_cap !== null),
});

function Star({ asset, starred }: { asset: Asset; starred: boolean }) {
  return (
    <button
      type="button"
      aria-pressed={starred}
      aria-label={`Favourite ${asset.name}`}
      className={`relative z-10 flex size-8 items-center justify-center rounded-md hover:bg-sunken ${starred ? 'text-star' : 'text-line-strong hover:text-text'}`}
      onClick={() => { toggleFavourite(asset.asset_id); }}
    >
      <StarIcon className="size-[1.125rem]" fill={starred ? 'currentColor' : 'none'} />
    </button>
  );
}

interface AssetRowProps {
  asset: Asset;
  figures: Figures;
  starred: boolean;
}

function AssetRow({ asset, figures, starred }: AssetRowProps) {
  return (
    <tr className={`relative ${ROW}`}>
      <Cell className="w-px pr-0!">
        <Star asset={asset} starred={starred} />
      </Cell>
      <Cell>
        {/* The link covers its row, so that the whole row can be pressed. */}
        <Link to="/markets/$assetId" params={{ assetId: asset.asset_id }} className="flex items-center gap-3 outline-offset-4 after:absolute after:inset-0">
          <AssetMark symbol={asset.symbol} />
          <span className="min-w-0">
            <span className="block truncate font-medium">{asset.name}</span>
            <span className="block text-sm text-muted">
              {asset.symbol}
              <span className="hidden lg:inline"> · {categoryName(asset.category)}</span>
            </span>
          </span>
        </Link>
      </Cell>
      <Cell align="right" className="font-medium">
        <LivePrice price={asset.price_usd} />
        <span className="block text-sm font-normal sm:hidden">
          <PercentChange percent={asset.price_change_percentage_24h} />
        </span>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        <PercentChange percent={asset.price_change_percentage_24h} />
      </Cell>
      {figures.range && (
        <>
          <Cell align="right" className="hidden text-muted xl:table-cell">
            {formatPrice(asset.high_24h)}
          </Cell>
          <Cell align="right" className="hidden text-muted xl:table-cell">
            {formatPrice(asset.low_24h)}
          </Cell>
        </>
      )}
      {figures.volume && (
        <Cell align="right" className="hidden lg:table-cell">
          {formatCompactMoney(asset.total_volume_24h)}
        </Cell>
      )}
      {figures.cap && (
        <Cell align="right" className="hidden md:table-cell">
          {formatCompactMoney(asset.market_cap)}
        </Cell>
      )}
      <Cell align="right" className="hidden md:table-cell">
        <Sparkline assetId={asset.asset_id} price={asset.price_usd} percent={asset.price_change_percentage_24h} />
      </Cell>
    </tr>
  );
}

interface AssetTableProps {
  assets: readonly Asset[];
  sort: Sort;
  onSort: (sort: Sort) => void;
}

export function AssetTable({ assets, sort, onSort }: AssetTableProps) {
  const figures = figuresIn(assets);
  const favourites = useFavourites();
  return (
    <Table label="Assets">
      <thead>
        <tr>
          <Head>
            <span className="sr-only">Favourite</span>
          </Head>
          <SortHead title="Asset" align="left" ascending="name" descending="name-desc" first="name" sort={sort} onSort={onSort} />
          <SortHead title="Price" ascending="price-asc" descending="price-desc" sort={sort} onSort={onSort} />
          <SortHead title="24 h" className="hidden sm:table-cell" ascending="change-asc" descending="change-desc" sort={sort} onSort={onSort} />
          {figures.range && (
            <>
              <Head align="right" className="hidden xl:table-cell">
                24 h high
              </Head>
              <Head align="right" className="hidden xl:table-cell">
                24 h low
              </Head>
            </>
          )}
          {figures.volume && (
            <Head align="right" className="hidden lg:table-cell">
              Volume 24 h
            </Head>
          )}
          {figures.cap && (
            <Head align="right" className="hidden md:table-cell">
              Market cap
            </Head>
          )}
          <Head align="right" className="hidden md:table-cell">
            Last 24 hours
          </Head>
        </tr>
      </thead>
      <tbody>
        {assets.map((asset) => (
          <AssetRow key={asset.asset_id} asset={asset} figures={figures} starred={favourites.includes(asset.asset_id)} />
        ))}
      </tbody>
    </Table>
  );
}

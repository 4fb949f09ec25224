import type { Asset } from '@/shared/api/types';

export const SORTS = [
  ['rank', 'Market rank'],
  ['name', 'Name, A to Z'],
  ['name-desc', 'Name, Z to A'],
  ['price-desc', 'Price, highest first'],
  ['price-asc', 'Price, lowest first'],
  ['change-desc', 'Change, best first'],
  ['change-asc', 'Change, worst first'],
] as const;

export type Sort = (typeof SORTS)[number][0];

export interface Listing {
  readonly search: string;
  readonly sort: Sort;
  /** Empty for all categories. */
  readonly category: string;
  /** Only what the reader has starred. */
  readonly starred: boolean;
}

export const isSort = (value: unknown): value is Sort => SORTS.some(([sort]) => sort === value);

type Comparison = (left: Asset, right: Asset) => number;

/** Compares by a figure; assets without one come last in either direction. */
function byFigure(figure: (asset: Asset) => number | null | undefined, direction: 1 | -1): Comparison {
  return (left, right) => {
    const [a, b] = [figure(left) ?? null, figure(right) ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return (a - b) * direction;
  };
}

const byName: Comparison = (left, right) => left.name.localeCompare(right.name);
const change = (asset: Asset) => asset.price_change_percentage_24h;
const price = (asset: Asset) => asset.price_usd;

const COMPARISONS: Readonly<Record<Sort, Comparison>> = {
  rank: byFigure((asset) => asset.market_cap_rank, 1),
  name: byName,
  'name-desc': (left, right) => byName(right, left),
  'price-desc': byFigure(price, -1),
  'price-asc': byFigure(price, 1),
  'change-desc': byFigure(change, -1),
  'change-asc': byFigure(change, 1),
};

function matches(asset: Asset, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return [asset.name, asset.symbol, asset.asset_id].some((text) => text.toLowerCase().includes(wanted));
}

/** The assets to show, in order; ties keep the server's order. */
export function arrange(assets: readonly Asset[], { search, sort, category, starred }: Listing, favourites: readonly string[]): Asset[] {
  return assets
    .filter((asset) => !starred || favourites.includes(asset.asset_id))
    .filter((asset) => (category === '' || asset.category === category) && matches(asset, search))
    .sort(COMPARISONS[sort]);
}

export const categoriesOf = (assets: readonly Asset[]): string[] => [...new Set(assets.map((asset) => asset.category))].sort();

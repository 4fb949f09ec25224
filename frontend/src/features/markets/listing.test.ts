import { describe, expect, it } from 'vitest';
import { makeAsset } from '@/testing/fixtures';
import { arrange, categoriesOf, type Listing } from './listing';

const btc = makeAsset({ asset_id: 'BTC', name: 'Bitcoin', price_usd: 64000, market_cap_rank: 1, price_change_percentage_24h: -1, category: 'major' });
const eth = makeAsset({ asset_id: 'ETH', name: 'Ethereum', price_usd: 3000, market_cap_rank: 2, price_change_percentage_24h: 2, category: 'major' });
const doge = makeAsset({ asset_id: 'DOGE', name: 'Dogecoin', price_usd: null, market_cap_rank: null, price_change_percentage_24h: null, category: 'meme' });
const all = [doge, eth, btc];

const ids = (listing: Partial<Listing>, favourites: readonly string[] = []) => arrange(all, { search: '', sort: 'rank', category: '', starred: false, ...listing }, favourites).map((asset) => asset.asset_id);

describe('arrange', () => {
  it('orders by rank, unranked last', () => {
    expect(ids({})).toEqual(['BTC', 'ETH', 'DOGE']);
  });

  it.each([
    ['price-desc', ['BTC', 'ETH', 'DOGE']],
    ['price-asc', ['ETH', 'BTC', 'DOGE']],
    ['change-desc', ['ETH', 'BTC', 'DOGE']],
    ['change-asc', ['BTC', 'ETH', 'DOGE']],
    ['name', ['BTC', 'DOGE', 'ETH']],
    ['name-desc', ['ETH', 'DOGE', 'BTC']],
  ] as const)('sorts by %s with unknown figures last', (sort, expected) => {
    expect(ids({ sort })).toEqual(expected);
  });

  it('searches names and symbols, in any case', () => {
    expect(ids({ search: ' eTh ' })).toEqual(['ETH']);
    expect(ids({ search: 'coin' })).toEqual(['BTC', 'DOGE']);
    expect(ids({ search: 'nothing' })).toEqual([]);
  });

  it('narrows to what is starred', () => {
    expect(ids({ starred: true }, ['DOGE', 'BTC', 'GONE'])).toEqual(['BTC', 'DOGE']);
    expect(ids({ starred: true })).toEqual([]);
  });

  it('narrows to a category', () => {
    expect(ids({ category: 'meme' })).toEqual(['DOGE']);
    expect(categoriesOf(all)).toEqual(['major', 'meme']);
  });
});

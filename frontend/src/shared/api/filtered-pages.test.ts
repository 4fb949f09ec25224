import { describe, expect, it } from 'vitest';
import { allRows, filteredPage } from './filtered-pages';

/** A server with the numbers 20 to 1, three a page. */
function serverPages() {
  const asked: (string | null)[] = [];
  const load = (cursor: string | null) => {
    asked.push(cursor);
    const start = cursor === null ? 20 : Number(cursor);
    const rows = [start, start - 1, start - 2].filter((row) => row > 0);
    const next = start - 3;
    return Promise.resolve({ rows, hasMore: next > 0, nextCursor: next > 0 ? String(next) : null });
  };
  return { asked, load };
}

const even = { keep: (row: number) => row % 2 === 0, isTooOld: () => false };

describe('filteredPage', () => {
  it('reads on until there is enough, and continues where it stopped', async () => {
    const { load } = serverPages();
    const first = await filteredPage(load, even, null, 4);
    expect(first).toEqual({ rows: [20, 18, 16, 14, 12], hasMore: true, nextCursor: '11' });
    expect((await filteredPage(load, even, first.nextCursor, 4)).rows).toEqual([10, 8, 6, 4]);
  });

  it('stops where everything is too old', async () => {
    const { load, asked } = serverPages();
    const page = await filteredPage(load, { keep: () => true, isTooOld: (row) => row < 17 }, null, 100);
    expect(page).toEqual({ rows: [20, 19, 18, 17], hasMore: false, nextCursor: null });
    expect(asked).toHaveLength(2);
  });

  it('gives everything for an export', async () => {
    expect(await allRows(serverPages().load, even)).toHaveLength(10);
  });
});

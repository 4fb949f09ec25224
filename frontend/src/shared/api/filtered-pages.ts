import type { Page } from './use-pages';

/** What to keep of a list that the server pages newest first, and cannot filter itself. */
export interface Wanted<Row> {
  readonly keep: (row: Row) => boolean;
  /** True for a row that is older than anything wanted, so that reading on is in vain. */
  readonly isTooOld: (row: Row) => boolean;
}

type Load<Row> = (cursor: string | null) => Promise<Page<Row>>;

/** At least `enough` wanted rows, or all that are left, out of as many server pages as that takes. */
export async function filteredPage<Row>(load: Load<Row>, wanted: Wanted<Row>, cursor: string | null, enough: number): Promise<Page<Row>> {
  const rows: Row[] = [];
  for (let at = cursor; ; ) {
    const page = await load(at);
    rows.push(...page.rows.filter((row) => wanted.keep(row) && !wanted.isTooOld(row)));
    const last = page.rows.at(-1);
    const exhausted = !page.hasMore || page.nextCursor === null || (last !== undefined && wanted.isTooOld(last));
    if (exhausted) return { rows, hasMore: false, nextCursor: null };
    if (rows.length >= enough) return { rows, hasMore: true, nextCursor: page.nextCursor };
    at = page.nextCursor;
  }
}

/** Every wanted row, newest first. */
export const allRows = async <Row>(load: Load<Row>, wanted: Wanted<Row>): Promise<readonly Row[]> => (await filteredPage(load, wanted, null, Infinity)).rows;

import type { ReactNode } from 'react';
import { unwrap } from '@/shared/api/client';
import { allRows, filteredPage, type Wanted } from '@/shared/api/filtered-pages';
import { keys } from '@/shared/api/keys';
import { usePortfolio } from '@/shared/api/queries';
import type { AssetTransaction } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { download, toCsv } from '@/shared/csv';
import { ANY_DAY, type DayRange, isBefore, isWithin } from '@/shared/day-range';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { DayRangeFields, ExportButton } from '@/shared/ui/list-tools';
import { Pager } from '@/shared/ui/pager';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { byWorth } from './shares';

const PAGE_SIZE = 10;
const EXPORT_PAGE = 100;

const SIDES = [
  ['', 'All sides'],
  ['BUY', 'Purchases'],
  ['SELL', 'Sales'],
] as const;

export interface TradeFilter {
  /** BUY, SELL or empty for both. */
  readonly side: string;
  readonly days: DayRange;
}

/** A function that loads one page of an asset's transactions. */
function useLoad(assetId: string) {
  const api = useApi();
  return (limit: number, signal?: AbortSignal) => async (cursor: string | null) => {
    const params = { path: { asset_id: assetId }, query: { limit, ...(cursor === null ? {} : { cursor }) } };
    const page = await unwrap(api.GET('/api/v1/assets/{asset_id}/transactions', { params, ...(signal === undefined ? {} : { signal }) }));
    return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
  };
}

const EVERYTHING: TradeFilter = { side: '', days: ANY_DAY };

function wantedBy({ side, days }: TradeFilter): Wanted<AssetTransaction> {
  return {
    keep: (transaction) => (side === '' || transaction.transaction_type === side) && isWithin(days, transaction.timestamp),
    isTooOld: (transaction) => isBefore(days, transaction.timestamp),
  };
}

const isNarrowed = ({ side, days }: TradeFilter): boolean => side !== '' || days.from !== '' || days.to !== '';

function useAssetTransactions(assetId: string, filter: TradeFilter) {
  const load = useLoad(assetId);
  const size = isNarrowed(filter) ? EXPORT_PAGE : PAGE_SIZE;
  return usePages<AssetTransaction>({
    queryKey: keys.assetTransactions(assetId, filter),
    load: (cursor, signal) => filteredPage(load(size, signal), wantedBy(filter), cursor, PAGE_SIZE),
  });
}

const HEADINGS = ['Time', 'Side', 'Asset', 'Quantity', 'Price (USD)', 'Total (USD)', 'Status', 'Order', 'Transaction'];

const csvRow = (transaction: AssetTransaction): string[] => [
  transaction.timestamp,
  transaction.transaction_type,
  transaction.asset_id,
  transaction.quantity,
  transaction.price,
  transaction.total_amount,
  transaction.status,
  transaction.order_id,
  transaction.transaction_id,
];

interface TradeToolsProps {
  assetId: string;
  filter: TradeFilter;
  onFilter: (filter: TradeFilter) => void;
  children?: ReactNode;
}

/** Filters and export of one asset's transactions; `children` come first. */
export function TradeTools({ assetId, filter, onFilter, children }: TradeToolsProps) {
  const load = useLoad(assetId);
  const exportAll = async () => {
    const all = await allRows(load(EXPORT_PAGE), wantedBy(filter));
    download(`${assetId}-transactions.csv`, 'text/csv;charset=utf-8', toCsv([HEADINGS, ...all.map(csvRow)]));
  };
  return (
    <div role="search" className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:flex sm:flex-wrap sm:px-5">
      {children}
      <Select label="Side" className="sm:w-36" value={filter.side} options={SIDES} onChoose={(side) => { onFilter({ ...filter, side }); }} />
      <DayRangeFields range={filter.days} onChange={(days) => { onFilter({ ...filter, days }); }} />
      <div className="col-span-2 grid sm:ml-auto">
        <ExportButton onExport={exportAll} />
      </div>
    </div>
  );
}

/** Purchases and sales of one asset, newest first. */
export function AssetTransactions({ assetId, filter = EVERYTHING }: { assetId: string; filter?: TradeFilter }) {
  const { rows, error, retry, pager } = useAssetTransactions(assetId, filter);
  if (rows === undefined) return error === null ? <LoadingRows rows={3} label="Loading transactions" /> : <FailedState error={error} onRetry={retry} />;
  if (rows.length === 0 && isNarrowed(filter)) return <EmptyState title="Nothing matches">Choose another side or other days.</EmptyState>;
  if (rows.length === 0) return <EmptyState title={`No ${assetId} transactions yet`}>Your purchases and sales of it appear here.</EmptyState>;
  return (
    <>
      <Table label={`${assetId} transactions`}>
        <thead>
          <tr>
            <Head>Side</Head>
            <Head className="hidden sm:table-cell">Time</Head>
            <Head align="right" className="hidden sm:table-cell">
              Quantity
            </Head>
            <Head align="right" className="hidden md:table-cell">
              Price
            </Head>
            <Head align="right">Total</Head>
          </tr>
        </thead>
        <tbody>
          {rows.map((transaction) => (
            <tr key={transaction.transaction_id} className={ROW}>
              <Cell>
                <Badge tone={transaction.transaction_type === 'BUY' ? 'positive' : 'negative'}>{transaction.transaction_type === 'BUY' ? 'Buy' : 'Sell'}</Badge>
                <p className="mt-1 text-sm text-muted sm:hidden">{formatDateTime(transaction.timestamp)}</p>
              </Cell>
              <Cell className="hidden text-muted sm:table-cell">{formatDateTime(transaction.timestamp)}</Cell>
              <Cell align="right" className="hidden sm:table-cell">
                {formatQuantity(transaction.quantity)}
              </Cell>
              <Cell align="right" className="hidden md:table-cell">
                {formatPrice(transaction.price)}
              </Cell>
              <Cell align="right">
                {formatMoney(transaction.total_amount)}
                <span className="block text-sm text-muted sm:hidden">
                  {formatQuantity(transaction.quantity)} {assetId}
                </span>
              </Cell>
            </tr>
          ))}
        </tbody>
      </Table>
      <Pager label={`${assetId} transactions`} {...pager} />
    </>
  );
}

/** The assets whose history can be looked at: those held now, the largest holding first. */
export function useHeldAssetIds(): readonly string[] {
  return byWorth(usePortfolio().data?.assets ?? []).map((position) => position.asset_id);
}

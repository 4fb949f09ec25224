import { useState } from 'react';
import { unwrap } from '@/shared/api/client';
import { allRows, filteredPage } from '@/shared/api/filtered-pages';
import { keys } from '@/shared/api/keys';
import type { CashTransaction } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { download, toCsv } from '@/shared/csv';
import { useApi } from '@/shared/services';
import { directionOf, formatMoney } from '@/shared/money/format';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { DayRangeFields, ExportButton } from '@/shared/ui/list-tools';
import { Pager } from '@/shared/ui/pager';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { ALL_MOVEMENTS, isNarrowed, MOVEMENT_TYPES, type MovementFilter, wantedBy } from './movement-filter';
import { nameOfMovement, sentenceCase, signedAmount } from './movements';

const PAGE_SIZE = 25;
const EXPORT_PAGE = 100;

function TransactionRow({ transaction }: { transaction: CashTransaction }) {
  const amount = signedAmount(transaction);
  return (
    <tr className={ROW}>
      <Cell>
        <p className="font-medium">{nameOfMovement(transaction.transaction_type)}</p>
        <p className="text-sm text-muted sm:hidden">{formatDateTime(transaction.created_at)}</p>
      </Cell>
      <Cell className="hidden text-muted sm:table-cell">{formatDateTime(transaction.created_at)}</Cell>
      <Cell className="hidden max-w-56 truncate font-mono text-xs text-muted xl:table-cell">{transaction.reference ?? transaction.transaction_id}</Cell>
      <Cell className="hidden lg:table-cell">
        <Badge tone={transaction.status.toLowerCase() === 'completed' ? 'positive' : 'neutral'}>{sentenceCase(transaction.status)}</Badge>
      </Cell>
      <Cell align="right">
        <span className={directionOf(amount) === 'up' ? 'text-positive' : ''}>{formatMoney(amount, { sign: true })}</span>
        <p className="text-sm text-muted sm:hidden">{formatMoney(transaction.balance_after)}</p>
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        {formatMoney(transaction.balance_after)}
      </Cell>
    </tr>
  );
}

/** A function that loads one page of all movements. */
function useLoad() {
  const api = useApi();
  return (limit: number, signal?: AbortSignal) => async (cursor: string | null) => {
    const query = { limit, ...(cursor === null ? {} : { cursor }) };
    const page = await unwrap(api.GET('/api/v1/balance/transactions', { params: { query }, ...(signal === undefined ? {} : { signal }) }));
    return { rows: page.transactions, hasMore: page.has_more, nextCursor: page.next_cursor };
  };
}

const HEADINGS = ['Time', 'Type', 'Amount (USD)', 'Balance after (USD)', 'Status', 'Reference', 'Transaction'];

const csvRow = (transaction: CashTransaction): string[] => [
  transaction.created_at,
  nameOfMovement(transaction.transaction_type),
  signedAmount(transaction),
  transaction.balance_after,
  sentenceCase(transaction.status),
  transaction.reference ?? '',
  transaction.transaction_id,
];

/** Movements of cash, newest first, to be narrowed and exported. */
export function CashTransactions() {
  const [filter, setFilter] = useState<MovementFilter>(ALL_MOVEMENTS);
  const load = useLoad();
  const wanted = wantedBy(filter);
  const { rows, error, retry, pager } = usePages<CashTransaction>({
    queryKey: keys.cashTransactions(filter),
    load: (cursor, signal) => filteredPage(load(isNarrowed(filter) ? EXPORT_PAGE : PAGE_SIZE, signal), wanted, cursor, PAGE_SIZE),
  });
  const exportAll = async () => {
    const all = await allRows(load(EXPORT_PAGE), wanted);
    download('cash-transactions.csv', 'text/csv;charset=utf-8', toCsv([HEADINGS, ...all.map(csvRow)]));
  };
  return (
    <>
      <div role="search" className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:flex sm:flex-wrap sm:px-5">
        <Select label="Type of movement" className="col-span-2 sm:w-44" value={filter.type} options={MOVEMENT_TYPES} onChoose={(type) => { setFilter({ ...filter, type }); }} />
        <DayRangeFields range={filter.days} onChange={(days) => { setFilter({ ...filter, days }); }} />
        <div className="col-span-2 grid sm:ml-auto">
          <ExportButton onExport={exportAll} />
        </div>
      </div>
      <MovementTable rows={rows} error={error} retry={retry} filtered={isNarrowed(filter)} />
      {rows !== undefined && <Pager label="Transactions" {...pager} />}
    </>
  );
}

interface MovementTableProps {
  rows: readonly CashTransaction[] | undefined;
  error: unknown;
  retry: () => void;
  filtered: boolean;
}

function MovementTable({ rows, error, retry, filtered }: MovementTableProps) {
  if (rows === undefined) return error === null ? <LoadingRows label="Loading transactions" /> : <FailedState error={error} onRetry={retry} />;
  if (rows.length === 0 && filtered) return <EmptyState title="Nothing matches">Choose another type or other days.</EmptyState>;
  if (rows.length === 0) return <EmptyState title="No cash movements yet">Deposits, withdrawals and what you pay and earn by trading appear here.</EmptyState>;
  return (
    <Table label="Cash transactions">
      <thead>
        <tr>
          <Head>Type</Head>
          <Head className="hidden sm:table-cell">Time</Head>
          <Head className="hidden xl:table-cell">Reference</Head>
          <Head className="hidden lg:table-cell">Status</Head>
          <Head align="right">
            Amount <span className="block sm:hidden">Balance</span>
          </Head>
          <Head align="right" className="hidden sm:table-cell">
            Balance after
          </Head>
        </tr>
      </thead>
      <tbody>
        {rows.map((transaction) => (
          <TransactionRow key={transaction.transaction_id} transaction={transaction} />
        ))}
      </tbody>
    </Table>
  );
}

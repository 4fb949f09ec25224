import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { CashTransaction } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { useApi } from '@/shared/services';
import { directionOf, formatMoney } from '@/shared/money/format';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Pager } from '@/shared/ui/pager';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { nameOfMovement, sentenceCase, signedAmount } from './movements';

const PAGE_SIZE = 25;

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

/** Every movement of cash, newest first. */
export function CashTransactions() {
  const api = useApi();
  const { rows, error, retry, pager } = usePages<CashTransaction>({
    queryKey: keys.cashTransactions,
    load: async (cursor, signal) => {
      const query = { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) };
      const page = await unwrap(api.GET('/api/v1/balance/transactions', { params: { query }, signal }));
      return { rows: page.transactions, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
  if (rows === undefined) return error === null ? <LoadingRows label="Loading transactions" /> : <FailedState error={error} onRetry={retry} />;
  if (rows.length === 0) return <EmptyState title="No cash movements yet">Deposits, withdrawals and what you pay and earn by trading appear here.</EmptyState>;
  return (
    <>
      <Table label="Cash transactions">
        <thead>
          <tr>
            <Head>Type</Head>
            <Head className="hidden sm:table-cell">Time</Head>
            <Head className="hidden xl:table-cell">Reference</Head>
            <Head className="hidden lg:table-cell">Status</Head>
            <Head align="right">Amount</Head>
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
      <Pager label="Transactions" {...pager} />
    </>
  );
}

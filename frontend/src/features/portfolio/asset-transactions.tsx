import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { usePortfolio } from '@/shared/api/queries';
import type { AssetTransaction } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Pager } from '@/shared/ui/pager';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';

const PAGE_SIZE = 10;

function useAssetTransactions(assetId: string) {
  const api = useApi();
  return usePages<AssetTransaction>({
    queryKey: keys.assetTransactions(assetId),
    load: async (cursor, signal) => {
      const params = { path: { asset_id: assetId }, query: { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) } };
      const page = await unwrap(api.GET('/api/v1/assets/{asset_id}/transactions', { params, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
}

/** Purchases and sales of one asset, newest first. */
export function AssetTransactions({ assetId }: { assetId: string }) {
  const { rows, error, retry, pager } = useAssetTransactions(assetId);
  if (rows === undefined) return error === null ? <LoadingRows rows={3} label="Loading transactions" /> : <FailedState error={error} onRetry={retry} />;
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

/** The assets whose history can be looked at: those held now. */
export function useHeldAssetIds(): readonly string[] {
  return usePortfolio().data?.assets.map((position) => position.asset_id) ?? [];
}

import * as Tabs from '@radix-ui/react-tabs';
import { useState } from 'react';
import { AssetTransactions, type TradeFilter, TradeTools, useHeldAssetIds } from '@/features/portfolio/asset-transactions';
import { CashTransactions } from '@/features/wallet/cash-transactions';
import { useAssets } from '@/shared/api/queries';
import { ANY_DAY } from '@/shared/day-range';
import { Card } from '@/shared/ui/card';
import { Select } from '@/shared/ui/select';
import { PageTitle } from './page-title';

const TAB = 'border-b-2 border-transparent px-1 py-3 text-sm font-medium text-muted hover:text-text data-[state=active]:border-accent data-[state=active]:text-text';

function AssetsTab() {
  const assets = useAssets().data ?? [];
  const held = useHeldAssetIds();
  const [chosen, setChosen] = useState<string>();
  const [filter, setFilter] = useState<TradeFilter>({ side: '', days: ANY_DAY });
  const assetId = chosen ?? held[0] ?? assets[0]?.asset_id;
  if (assetId === undefined) return null;
  return (
    <>
      <TradeTools assetId={assetId} filter={filter} onFilter={setFilter}>
        <Select label="Asset" className="sm:w-56" value={assetId} options={assets.map((asset) => [asset.asset_id, `${asset.symbol} · ${asset.name}`] as const)} onChoose={setChosen} />
      </TradeTools>
      <AssetTransactions assetId={assetId} filter={filter} />
    </>
  );
}

export function TransactionsPage() {
  return (
    <>
      <PageTitle title="Transactions">What came in and what went out.</PageTitle>
      <Card>
        <Tabs.Root defaultValue="cash">
          <Tabs.List aria-label="Kind of transaction" className="flex gap-5 border-b border-line px-4 sm:px-5">
            <Tabs.Trigger value="cash" className={TAB}>
              Cash
            </Tabs.Trigger>
            <Tabs.Trigger value="assets" className={TAB}>
              Assets
            </Tabs.Trigger>
          </Tabs.List>
          <Tabs.Content value="cash">
            <CashTransactions />
          </Tabs.Content>
          <Tabs.Content value="assets">
            <AssetsTab />
          </Tabs.Content>
        </Tabs.Root>
      </Card>
    </>
  );
}

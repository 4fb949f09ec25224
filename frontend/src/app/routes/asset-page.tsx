import { getRouteApi, Link } from '@tanstack/react-router';
import { AssetHeader } from '@/features/markets/asset-header';
import { PriceCard } from '@/features/markets/price-card';
import { OpenOrders } from '@/features/orders/open-orders';
import { AssetTransactions } from '@/features/portfolio/asset-transactions';
import { HoldingCard } from '@/features/portfolio/holding-card';
import { TradeCard } from '@/features/trade/trade-card';
import { useAsset } from '@/shared/api/queries';
import { formatPrice } from '@/shared/money/format';
import { useIsCustomer } from '@/shared/services';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ChevronLeftIcon } from '@/shared/ui/icons';
import { EmptyState, FailedState, Skeleton } from '@/shared/ui/states';
import { useOwnLevels } from './own-levels';

const route = getRouteApi('/markets/$assetId');

function LoadingAsset() {
  return (
    <div role="status" aria-label="Loading asset" className="grid gap-6">
      <Skeleton className="h-16 w-72" />
      <Skeleton className="h-96 w-full rounded-xl" />
    </div>
  );
}

function UnknownAsset({ assetId }: { assetId: string }) {
  const action = (
    <Button asChild variant="primary" size="sm">
      <Link to="/markets">All markets</Link>
    </Button>
  );
  return (
    <Card>
      <EmptyState isPage title={`“${assetId}” is not listed`} action={action}>
        It may have been removed, or the address is mistyped.
      </EmptyState>
    </Card>
  );
}

export function AssetPage() {
  const { assetId } = route.useParams();
  const asset = useAsset(assetId);
  const isCustomer = useIsCustomer();
  const levels = useOwnLevels(assetId);
  if (asset.data === undefined) return asset.error === null ? <LoadingAsset /> : <FailedState error={asset.error} onRetry={() => void asset.refetch()} />;
  if (asset.data === null) return <UnknownAsset assetId={assetId} />;
  return (
    <>
      <title>{`${formatPrice(asset.data.price_usd)} ${asset.data.symbol} · CNOP`}</title>
      <Link to="/markets" className="mb-2 -ml-1 inline-flex items-center gap-1 rounded-md px-1 py-0.5 text-sm text-muted hover:text-text">
        <ChevronLeftIcon /> Markets
      </Link>
      <AssetHeader asset={asset.data} />
      <div className="mt-5 grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem] lg:grid-rows-[auto_1fr] lg:gap-6 2xl:grid-cols-[minmax(0,1fr)_25rem]">
        <div className="min-w-0">
          <PriceCard asset={asset.data} lines={levels} />
        </div>
        <div className="grid min-w-0 gap-4 lg:row-span-2 lg:gap-6">
          <TradeCard asset={asset.data} />
          <HoldingCard assetId={asset.data.asset_id} />
        </div>
        <div className="grid min-w-0 gap-4 lg:gap-6">
          {isCustomer && <OpenOrders assetId={asset.data.asset_id} />}
          {isCustomer && (
            <Card title="Your transactions">
              <AssetTransactions assetId={asset.data.asset_id} />
            </Card>
          )}
        </div>
      </div>
    </>
  );
}

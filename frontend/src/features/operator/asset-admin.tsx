import { useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Asset } from '@/shared/api/types';
import { categoryName } from '@/shared/categories';
import { formatPrice, formatQuantity } from '@/shared/money/format';
import { AssetMark } from '@/shared/ui/asset-mark';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { Dialog } from '@/shared/ui/dialog';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { useToast } from '@/shared/ui/toasts';
import { useAllAssets, useChangeAsset } from './asset-actions';
import { AssetForm } from './asset-form';

interface AssetRowProps {
  asset: Asset;
  onEdit: () => void;
  onDelist: () => void;
}

function AssetRow({ asset, onEdit, onDelist }: AssetRowProps) {
  const change = useChangeAsset();
  const announce = useToast();
  const activate = () => {
    change.mutate(
      { assetId: asset.asset_id, patch: { is_active: true } },
      {
        onSuccess: () => { announce('success', `${asset.asset_id} is traded again.`); },
        onError: (error) => { if (!(error instanceof StepUpDeclined)) announce('error', explain(error)); },
      },
    );
  };
  return (
    <tr className={ROW}>
      <Cell>
        <span className="flex items-center gap-3">
          <AssetMark symbol={asset.symbol} />
          <span className="min-w-0">
            <span className="block truncate font-medium">{asset.name}</span>
            <span className="block text-sm text-muted">
              {asset.asset_id} · {categoryName(asset.category)}
            </span>
          </span>
        </span>
      </Cell>
      <Cell align="right" className="hidden md:table-cell">
        {formatPrice(asset.price_usd)}
      </Cell>
      <Cell align="right" className="hidden lg:table-cell">
        {formatQuantity(asset.min_quantity)} – {formatQuantity(asset.max_quantity)}
      </Cell>
      <Cell align="right" className="hidden sm:table-cell">
        <Badge tone={asset.is_active ? 'positive' : 'neutral'}>{asset.is_active ? 'Traded' : 'Not traded'}</Badge>
      </Cell>
      <Cell align="right">
        <span className="inline-flex justify-end gap-1.5">
          <Button size="sm" aria-label={`Edit ${asset.name}`} onClick={onEdit}>Edit</Button>
          {asset.is_active ? (
            <Button size="sm" aria-label={`Stop trading ${asset.name}`} onClick={onDelist}>Stop</Button>
          ) : (
            <Button size="sm" aria-label={`Trade ${asset.name} again`} busy={change.isPending} onClick={activate}>Start</Button>
          )}
        </span>
      </Cell>
    </tr>
  );
}

function StopDialog({ asset, onClose }: { asset: Asset | null; onClose: () => void }) {
  const change = useChangeAsset();
  const announce = useToast();
  return (
    <ConfirmDialog
      open={asset !== null}
      title={`Stop trading ${asset?.name ?? ''}`}
      verb="Stop trading"
      act={async () => {
        if (asset === null) return;
        await change.mutateAsync({ assetId: asset.asset_id, patch: { is_active: false } });
        announce('success', `${asset.asset_id} is no longer traded.`);
      }}
      onClose={onClose}
    >
      New orders are refused and open ones are cancelled. What people hold stays theirs.
    </ConfirmDialog>
  );
}

/** The catalogue: to be added to, changed, and taken off the market. */
export function AssetAdmin() {
  const assets = useAllAssets();
  const [editing, setEditing] = useState<Asset | 'new' | null>(null);
  const [stopping, setStopping] = useState<Asset | null>(null);
  return (
    <Card title="Assets" action={<Button size="sm" variant="primary" onClick={() => { setEditing('new'); }}>List an asset</Button>}>
      {assets.data === undefined ? (
        assets.error === null ? <LoadingRows label="Loading assets" /> : <FailedState error={assets.error} onRetry={() => void assets.refetch()} />
      ) : (
        <Table label="Assets">
          <thead>
            <tr>
              <Head>Asset</Head>
              <Head align="right" className="hidden md:table-cell">Price</Head>
              <Head align="right" className="hidden lg:table-cell">Order size</Head>
              <Head align="right" className="hidden sm:table-cell">State</Head>
              <Head align="right"><span className="sr-only">Actions</span></Head>
            </tr>
          </thead>
          <tbody>
            {assets.data.map((asset) => (
              <AssetRow key={asset.asset_id} asset={asset} onEdit={() => { setEditing(asset); }} onDelist={() => { setStopping(asset); }} />
            ))}
          </tbody>
        </Table>
      )}
      <Dialog open={editing !== null} title={editing === null || editing === 'new' ? 'List an asset' : `Edit ${editing.name}`} onOpenChange={(open) => { if (!open) setEditing(null); }}>
        {editing !== null && <AssetForm asset={editing === 'new' ? null : editing} onDone={() => { setEditing(null); }} />}
      </Dialog>
      <StopDialog asset={stopping} onClose={() => { setStopping(null); }} />
    </Card>
  );
}

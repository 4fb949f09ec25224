import type { ReactNode } from 'react';
import { uncertainty, useIntentKey } from '@/shared/api/idempotency';
import { explain, isProblem } from '@/shared/api/problem';
import type { Asset, Order } from '@/shared/api/types';
import type { Decimal } from '@/shared/money/decimal';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { Button } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/notice';
import { Skeleton } from '@/shared/ui/states';
import { useOrderPreview, usePlaceOrder } from './place-order';
import type { NewOrder, Side } from './ticket';

/** An order frozen for confirmation. A new `id` is a new intention, with a new key. */
export interface Draft {
  readonly id: number;
  readonly side: Side;
  readonly order: NewOrder;
  readonly estimate: Decimal | null;
}

interface ConfirmOrderProps {
  asset: Asset;
  draft: Draft | null;
  onClose: () => void;
  onPlaced: (order: Order) => void;
  /** Asks for the same order at the price of now. */
  onReprice: () => void;
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4 py-2">
      <dt className="text-muted">{name}</dt>
      <dd className="num text-right font-medium">{children}</dd>
    </div>
  );
}

function Costs({ draft, asset }: { draft: Draft; asset: Asset }) {
  const preview = useOrderPreview(draft.order);
  const { side, order } = draft;
  const waiting = preview.isPending ? <Skeleton className="ml-auto h-4 w-20" /> : null;
  return (
    <>
      <dl className="divide-y divide-line text-sm">
        <Line name="Quantity">
          {formatQuantity(order.quantity)} {asset.symbol}
        </Line>
        <Line name={order.price === undefined ? 'Price' : 'Limit price'}>{formatPrice(preview.data?.price ?? order.price ?? order.reference_price ?? null)}</Line>
        <Line name={side === 'buy' ? 'Cost' : 'Proceeds'}>{formatMoney(preview.data?.total_amount ?? draft.estimate)}</Line>
        <Line name="Fee">{waiting ?? formatMoney(preview.data?.fee)}</Line>
        <Line name={side === 'buy' ? 'You pay' : 'You receive'}>{waiting ?? <span className="text-base">{formatMoney(preview.data?.cost)}</span>}</Line>
        <Line name="Cash afterwards">{waiting ?? formatMoney(preview.data?.available_balance)}</Line>
      </dl>
      {preview.error !== null && <Notice kind="warning">{explain(preview.error)}</Notice>}
    </>
  );
}

function Confirmation({ asset, draft, onClose, onPlaced, onReprice }: ConfirmOrderProps & { draft: Draft }) {
  const placing = usePlaceOrder();
  const idempotencyKey = useIntentKey(`order ${draft.id}`);
  const verb = draft.side === 'buy' ? 'Buy' : 'Sell';
  const priceMoved = isProblem(placing.error, 'PRICE_MOVED');

  const confirm = () => {
    placing.mutate({ order: draft.order, idempotencyKey }, { onSuccess: onPlaced });
  };

  return (
    <div className="space-y-4">
      {placing.error !== null && <Notice kind="error">{uncertainty(placing.error) ?? explain(placing.error)}</Notice>}
      <Costs draft={draft} asset={asset} />
      {draft.order.max_slippage_bps !== undefined && (
        <p className="text-xs text-muted">Filled at the live price. If it moves against you by more than {draft.order.max_slippage_bps / 100} %, nothing is traded.</p>
      )}
      <div className="grid grid-cols-2 gap-3">
        <Button size="lg" onClick={onClose} disabled={placing.isPending}>
          Cancel
        </Button>
        {priceMoved ? (
          <Button size="lg" variant="primary" onClick={onReprice}>
            Use new price
          </Button>
        ) : (
          <Button size="lg" variant={draft.side} busy={placing.isPending} onClick={confirm}>
            Confirm {verb.toLowerCase()}
          </Button>
        )}
      </div>
    </div>
  );
}

/** The last look before an order goes out. */
export function ConfirmOrder(props: ConfirmOrderProps) {
  const { asset, draft, onClose } = props;
  return (
    <Dialog
      open={draft !== null}
      title={draft?.side === 'sell' ? `Sell ${asset.name}` : `Buy ${asset.name}`}
      description="Check your order before it is placed."
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      {draft !== null && <Confirmation key={draft.id} {...props} draft={draft} />}
    </Dialog>
  );
}

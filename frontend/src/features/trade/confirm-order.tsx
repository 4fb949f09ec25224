import type { ReactNode } from 'react';
import { UNCERTAIN, uncertainty } from '@/shared/api/idempotency';
import { explain, isProblem } from '@/shared/api/problem';
import type { Asset, Order, OrderPreview } from '@/shared/api/types';
import type { Decimal } from '@/shared/money/decimal';
import { formatLimit, formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { formatDateTime } from '@/shared/time';
import { Button } from '@/shared/ui/button';
import { Dialog, useHeldOpen } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/notice';
import { Skeleton } from '@/shared/ui/states';
import { useOrderPreview, usePlaceOrder } from './place-order';
import { COST_NAMES, holdingAfter, holdingName, NOT_MET } from './quote';
import { type NewOrder, type Side, TIMES_IN_FORCE } from './ticket';

/** An order frozen for confirmation: one intention, and so one key however often it is sent. */
export interface Draft {
  readonly idempotencyKey: string;
  readonly side: Side;
  readonly order: NewOrder;
  readonly estimate: Decimal | null;
}

interface ConfirmOrderProps {
  asset: Asset;
  draft: Draft | null;
  /** Whether an attempt at it ended without an answer. */
  mayBePlaced: boolean;
  onClose: () => void;
  onPlaced: (order: Order) => void;
  /** Hears after each failed attempt whether the order may have been placed all the same. */
  onFailed: (mayBePlaced: boolean) => void;
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

function nameOfPrice({ order }: Draft, preview: OrderPreview | undefined): string {
  if (order.price === undefined) return 'Price';
  return preview?.status === 'completed' ? 'Fills at' : 'Limit price';
}

function Costs({ draft, asset, preview }: { draft: Draft; asset: Asset; preview: ReturnType<typeof useOrderPreview> }) {
  const { side, order } = draft;
  const { data } = preview;
  const rests = data?.status === 'pending';
  const waiting = preview.isPending ? <Skeleton className="ml-auto h-4 w-20" /> : null;
  return (
    <>
      <dl className="divide-y divide-line text-sm">
        <Line name="Quantity">
          {formatQuantity(order.quantity)} {asset.symbol}
        </Line>
        <Line name={nameOfPrice(draft, data)}>{order.price !== undefined && data?.status !== 'completed' ? formatLimit(order.price) : formatPrice(data?.price ?? order.reference_price ?? null)}</Line>
        {order.time_in_force !== undefined && <Line name="Time in force">{timeInForceText(order)}</Line>}
        <Line name={side === 'buy' ? 'Cost' : 'Proceeds'}>{formatMoney(data?.total_amount ?? draft.estimate)}</Line>
        <Line name="Fee">{waiting ?? formatMoney(data?.fee)}</Line>
        <Line name={COST_NAMES[side]}>{waiting ?? <span className="text-base">{formatMoney(data?.cost)}</span>}</Line>
        <Line name={rests && side === 'buy' ? 'Cash available meanwhile' : 'Cash afterwards'}>{waiting ?? formatMoney(data?.available_balance)}</Line>
        <Line name={holdingName(rests)}>
          {waiting ?? (
            <>
              {formatQuantity(data === undefined ? null : holdingAfter(data))} {asset.symbol}
            </>
          )}
        </Line>
      </dl>
      {preview.error !== null && <Notice kind="warning">{explain(preview.error)}</Notice>}
    </>
  );
}

function timeInForceText({ time_in_force: time, expires_at: end }: NewOrder): string {
  if (time === 'GTD') return `Until ${formatDateTime(end)}`;
  return TIMES_IN_FORCE.find(([value]) => value === time)?.[1] ?? '';
}

/** How and when the order will fill, in a sentence. */
function Expectation({ draft: { order, side }, preview }: { draft: Draft; preview: OrderPreview | undefined }) {
  if (order.max_slippage_bps !== undefined) {
    return <>Filled at the live price. If it moves against you by more than {order.max_slippage_bps / 100}%, nothing is traded.</>;
  }
  if (preview === undefined) return null;
  if (preview.status === 'pending') {
    return <>Waits until the price is {side === 'buy' ? 'at or below' : 'at or above'} your limit. Until then {side === 'buy' ? 'the cash' : 'the quantity'} is held; cancelling frees it.</>;
  }
  if (preview.status === 'cancelled') return <>{NOT_MET}</>;
  return <>The market meets your limit already: filled at once, at the live price.</>;
}

function Confirmation({ asset, draft, mayBePlaced, onClose, onPlaced, onFailed, onReprice }: ConfirmOrderProps & { draft: Draft }) {
  const placing = usePlaceOrder();
  const preview = useOrderPreview(draft.order, { paused: placing.isPending });
  const verb = draft.side === 'buy' ? 'Buy' : 'Sell';
  const priceMoved = isProblem(placing.error, 'PRICE_MOVED');

  useHeldOpen(placing.isPending);

  const confirm = () => {
    const { order, idempotencyKey } = draft;
    placing.mutate(
      { order, idempotencyKey },
      {
        onSuccess: onPlaced,
        onError: (error) => {
          onFailed(uncertainty(error) !== null);
        },
      },
    );
  };

  return (
    <div className="space-y-4">
      {placing.error !== null && !mayBePlaced && <Notice kind="error">{explain(placing.error)}</Notice>}
      {mayBePlaced && <Notice kind="error">{UNCERTAIN}</Notice>}
      <Costs draft={draft} asset={asset} preview={preview} />
      <p className="text-xs text-muted empty:hidden">
        <Expectation draft={draft} preview={preview.data} />
      </p>
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
      {draft !== null && <Confirmation key={draft.idempotencyKey} {...props} draft={draft} />}
    </Dialog>
  );
}

import { type SubmitEvent, useState } from 'react';
import { uncertainty, useIntentKey } from '@/shared/api/idempotency';
import { ApiProblem, explain } from '@/shared/api/problem';
import type { Order } from '@/shared/api/types';
import { formatLimit, formatMoney, formatQuantity } from '@/shared/money/format';
import { typedFrom } from '@/shared/money/typed';
import { isBuy, nameOfType } from '@/shared/orders/wording';
import { Button } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { type OrderChange, useCancelOrder, useReplaceOrder } from './open-order-actions';
import { checkTerms, type CheckedTerms, totalOf } from './new-terms';

/** What somebody wants to do to an open order. */
export interface OrderAct {
  readonly kind: OrderChange;
  readonly order: Order;
}

interface ActDialogProps {
  act: OrderAct | null;
  onClose: () => void;
}

const titleOf = ({ kind, order }: OrderAct): string => `${kind === 'cancel' ? 'Cancel' : 'Change'} ${nameOfType(order.order_type).toLowerCase()} of ${order.asset_id}`;

function refusalOf(error: unknown): string {
  if (error instanceof ApiProblem && error.status === 409) return 'This order is no longer open: it was filled, cancelled or has expired meanwhile.';
  return uncertainty(error) ?? explain(error);
}

function CancelConfirmation({ order, onDone }: { order: Order; onDone: () => void }) {
  const cancel = useCancelOrder();
  const announce = useToast();
  const idempotencyKey = useIntentKey(`cancel ${order.order_id}`);
  const confirm = () => {
    // The order's row tells that it is on its way, and the dialog need not stay for that.
    cancel.mutateAsync({ orderId: order.order_id, idempotencyKey }).then(
      () => { announce('success', `Cancelled. The ${isBuy(order) ? 'cash' : 'quantity'} it held is available again.`); },
      (error: unknown) => { announce('error', refusalOf(error)); },
    );
    onDone();
  };
  return (
    <div className="space-y-5">
      <p>
        {formatQuantity(order.quantity)} {order.asset_id} at {formatLimit(order.limit_price)} is still waiting for its price.
      </p>
      <div className="grid grid-cols-2 gap-3">
        <Button size="lg" onClick={onDone}>
          Keep it
        </Button>
        <Button size="lg" variant="sell" onClick={confirm}>
          Cancel order
        </Button>
      </div>
    </div>
  );
}

function ReplaceForm({ order, onDone }: { order: Order; onDone: () => void }) {
  const [price, setPrice] = useState(typedFrom(order.limit_price));
  const [quantity, setQuantity] = useState(typedFrom(order.quantity));
  const [refusal, setRefusal] = useState<Extract<CheckedTerms, { ok: false }> | null>(null);
  const replace = useReplaceOrder();
  const announce = useToast();
  const idempotencyKey = useIntentKey(`replace ${order.order_id} ${price} ${quantity}`);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const checked = checkTerms(order, price, quantity);
    setRefusal(checked.ok ? null : checked);
    if (!checked.ok) return;
    replace.mutate(
      { orderId: order.order_id, idempotencyKey, terms: checked.terms },
      {
        onSuccess: (changed) => {
          announce('success', `Changed to ${formatQuantity(changed.quantity)} ${order.asset_id} at ${formatLimit(changed.limit_price)}.`);
          onDone();
        },
      },
    );
  };

  const fieldError = (field: 'price' | 'quantity') =>
    refusal?.field === field ? refusal.mistake : replace.error instanceof ApiProblem ? replace.error.fieldErrors.get(field) : undefined;
  const fieldsAreToBlame = replace.error instanceof ApiProblem && replace.error.fieldErrors.size > 0;
  return (
    <form aria-label="Change order" noValidate onSubmit={submit} className="space-y-4">
      {replace.error !== null && !fieldsAreToBlame && <Notice kind="error">{refusalOf(replace.error)}</Notice>}
      <Field label="Limit price" name="price" inputMode="decimal" autoComplete="off" suffix="USD" value={price} error={fieldError('price')} onChange={(event) => { setPrice(event.target.value); setRefusal(null); }} />
      <Field label="Quantity" name="quantity" inputMode="decimal" autoComplete="off" suffix={order.asset_id} value={quantity} error={fieldError('quantity')} onChange={(event) => { setQuantity(event.target.value); setRefusal(null); }} />
      <p className="flex justify-between gap-4 border-t border-line pt-3 text-sm">
        <span className="text-muted">Total before fee</span>
        <span className="num font-semibold">{formatMoney(totalOf(order, price, quantity))}</span>
      </p>
      <p className="text-xs text-muted">What the order holds changes with it. If the market meets the new limit, it fills within moments.</p>
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={replace.isPending}>
        Change order
      </Button>
    </form>
  );
}

/** Cancels or changes an open order; closed when `act` is null. */
export function OrderActDialog({ act, onClose }: ActDialogProps) {
  const [last, setLast] = useState(act);
  if (act !== null && act !== last) setLast(act);
  const shown = act ?? last;
  return (
    <Dialog
      open={act !== null}
      title={shown === null ? '' : titleOf(shown)}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      {shown?.kind === 'cancel' && <CancelConfirmation order={shown.order} onDone={onClose} />}
      {shown?.kind === 'replace' && <ReplaceForm order={shown.order} onDone={onClose} />}
    </Dialog>
  );
}

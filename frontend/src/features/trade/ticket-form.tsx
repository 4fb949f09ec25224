import { type SubmitEvent, useState } from 'react';
import { newIdempotencyKey } from '@/shared/api/idempotency';
import { useBalance, usePortfolio } from '@/shared/api/queries';
import type { Asset, Order } from '@/shared/api/types';
import { type Decimal, parseDecimal, subtract, ZERO } from '@/shared/money/decimal';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { outcomeOf, sentenceFor } from '@/shared/orders/outcome';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { Segmented } from '@/shared/ui/segmented';
import { useToast } from '@/shared/ui/toasts';
import { ConfirmOrder, type Draft } from './confirm-order';
import { LimitFields } from './limit-fields';
import { checkTicket, type CheckedTicket, EMPTY_TICKET, estimatedTotal, type Market, type Pricing, quantityForShare, type Side, type Ticket } from './ticket';
import { SideToggle } from './side-toggle';

const PRICINGS: readonly (readonly [Pricing, string])[] = [
  ['market', 'Market'],
  ['limit', 'Limit'],
];

const SHARES = [25, 50, 75, 100] as const;

function useMarket(asset: Asset): Market {
  const balance = useBalance();
  const portfolio = usePortfolio();
  const position = portfolio.data?.assets.find((candidate) => candidate.asset_id === asset.asset_id);
  return { asset, cash: balance.data === undefined ? null : parseDecimal(balance.data.available_balance), holding: portfolio.data === undefined ? null : availableOf(position) };
}

function availableOf(position: { quantity: string; held: string } | undefined): Decimal {
  if (position === undefined) return ZERO;
  return subtract(parseDecimal(position.quantity) ?? ZERO, parseDecimal(position.held) ?? ZERO);
}

function Available({ side, market }: { side: Side; market: Market }) {
  const amount = side === 'buy' ? formatMoney(market.cash) : `${formatQuantity(market.holding)} ${market.asset.symbol}`;
  return <span className="num">Available {amount}</span>;
}

interface SharesProps {
  side: Side;
  disabled: boolean;
  onPick: (percent: number) => void;
}

function Shares({ side, disabled, onPick }: SharesProps) {
  return (
    <div role="group" aria-label={side === 'buy' ? 'Share of your cash' : 'Share of your holding'} className="grid grid-cols-4 gap-2">
      {SHARES.map((percent) => (
        <Button
          key={percent}
          size="sm"
          className="num px-0!"
          disabled={disabled}
          onClick={() => {
            onPick(percent);
          }}
        >
          {percent === 100 ? 'Max' : `${percent}%`}
        </Button>
      ))}
    </div>
  );
}

/** The order ticket of one asset: fill in, check, confirm. */
export function TicketForm({ asset }: { asset: Asset }) {
  const [ticket, setTicket] = useState<Ticket>(EMPTY_TICKET);
  const [refusal, setRefusal] = useState<Extract<CheckedTicket, { ok: false }> | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [unanswered, setUnanswered] = useState<Draft | null>(null);
  const market = useMarket(asset);
  const announce = useToast();
  const total = estimatedTotal(ticket, asset);
  const verb = ticket.side === 'buy' ? 'Buy' : 'Sell';

  const edit = (change: Partial<Ticket>) => {
    setUnanswered(null);
    setTicket((current) => ({ ...current, ...change }));
    setRefusal(null);
  };

  const review = () => {
    // An order that may have been placed is sent again as it was: under its key it counts only once.
    if (unanswered !== null) {
      setDraft(unanswered);
      return;
    }
    const checked = checkTicket(ticket, market);
    if (!checked.ok) {
      setDraft(null);
      setRefusal(checked);
      return;
    }
    setDraft({ idempotencyKey: newIdempotencyKey(), side: ticket.side, order: checked.order, estimate: total });
  };

  const placed = (order: Order) => {
    setDraft(null);
    edit({ quantity: '', limitPrice: '', endsAt: '' });
    announce('success', sentenceFor(order, asset.symbol), outcomeOf(order));
  };

  const failed = (mayBePlaced: boolean) => {
    setUnanswered(mayBePlaced ? draft : null);
  };

  return (
    <form
      aria-label={`Trade ${asset.name}`}
      noValidate
      className="space-y-4 p-4 sm:p-5"
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        review();
      }}
    >
      <SideToggle side={ticket.side} onChange={(side) => { edit({ side }); }} />
      <Segmented label="Order type" value={ticket.pricing} options={PRICINGS} onChange={(pricing) => { edit({ pricing }); }} />
      {refusal?.field === null && <Notice kind="error">{refusal.mistake}</Notice>}
      {ticket.pricing === 'limit' && <LimitFields asset={asset} ticket={ticket} refusal={refusal} onEdit={edit} />}
      <Field
        label="Quantity"
        name="quantity"
        inputMode="decimal"
        autoComplete="off"
        placeholder="0.00"
        suffix={asset.symbol}
        aside={<Available side={ticket.side} market={market} />}
        value={ticket.quantity}
        error={refusal?.field === 'quantity' ? refusal.mistake : undefined}
        onChange={(event) => { edit({ quantity: event.target.value }); }}
      />
      <Shares
        side={ticket.side}
        disabled={ticket.side === 'buy' ? market.cash === null : market.holding === null}
        onPick={(percent) => { edit({ quantity: quantityForShare(percent, ticket, market) ?? '' }); }}
      />
      <dl className="space-y-1.5 border-t border-line pt-4 text-sm">
        <div className="flex justify-between gap-4">
          <dt className="text-muted">Market price</dt>
          <dd className="num">{formatPrice(asset.price_usd)}</dd>
        </div>
        <div className="flex justify-between gap-4">
          <dt className="text-muted">Estimated total before fee</dt>
          <dd className="num font-semibold">{formatMoney(total)}</dd>
        </div>
      </dl>
      <Button type="submit" size="lg" variant={ticket.side} className="w-full" disabled={!asset.is_active}>
        {asset.is_active ? `Review ${verb.toLowerCase()}` : 'Not tradable at the moment'}
      </Button>
      <ConfirmOrder
        asset={asset}
        draft={draft}
        mayBePlaced={unanswered !== null}
        onClose={() => { setDraft(null); }}
        onPlaced={placed}
        onFailed={failed}
        onReprice={review}
      />
    </form>
  );
}

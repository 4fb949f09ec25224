import { Link } from '@tanstack/react-router';
import { type SubmitEvent, useState } from 'react';
import { newIdempotencyKey } from '@/shared/api/idempotency';
import { useBalance, usePortfolio } from '@/shared/api/queries';
import type { Asset, Order } from '@/shared/api/types';
import { type Decimal, isPositive, parseDecimal, subtract, ZERO } from '@/shared/money/decimal';
import { formatMoney, formatQuantity } from '@/shared/money/format';
import { exampleOf, typedText } from '@/shared/money/typed';
import { outcomeOf, sentenceFor } from '@/shared/orders/outcome';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { Segmented } from '@/shared/ui/segmented';
import { useToast } from '@/shared/ui/toasts';
import { ConfirmOrder, type Draft } from './confirm-order';
import { LimitFields } from './limit-fields';
import { QuoteLines } from './quote-lines';
import { SideToggle } from './side-toggle';
import { checkTicket, type CheckedTicket, EMPTY_TICKET, estimatedTotal, type Market, type Pricing, quantityForShare, type Side, type Ticket, withQuantity } from './ticket';
import { useQuote } from './use-quote';

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

const hasSome = (amount: Decimal | null): boolean => amount !== null && isPositive(amount);

/** The way on for somebody who has nothing to buy with. */
function NoCash() {
  return (
    <p className="text-sm text-muted">
      You have no cash available.{' '}
      <Link to="/dashboard" className="font-medium text-accent underline-offset-4 hover:underline">
        Deposit on your dashboard
      </Link>
    </p>
  );
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
  const [typed, setTyped] = useState<Ticket>(EMPTY_TICKET);
  const ticket = withQuantity(typed, asset);
  const [refusal, setRefusal] = useState<Extract<CheckedTicket, { ok: false }> | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [unanswered, setUnanswered] = useState<Draft | null>(null);
  const market = useMarket(asset);
  const quote = useQuote(ticket, market, { paused: draft !== null });
  const announce = useToast();
  const total = estimatedTotal(ticket, asset);
  const verb = ticket.side === 'buy' ? 'Buy' : 'Sell';

  const edit = (change: Partial<Ticket>) => {
    setUnanswered(null);
    setTyped((current) => ({ ...current, ...change }));
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
    edit({ quantity: '', total: null, limitPrice: '', endsAt: '' });
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
        placeholder={exampleOf('0.00')}
        suffix={asset.symbol}
        aside={<Available side={ticket.side} market={market} />}
        value={ticket.quantity}
        error={refusal?.field === 'quantity' ? refusal.mistake : undefined}
        onChange={(event) => { edit({ quantity: event.target.value, total: null }); }}
      />
      <Shares
        side={ticket.side}
        disabled={!hasSome(ticket.side === 'buy' ? market.cash : market.holding)}
        onPick={(percent) => { edit({ quantity: quantityForShare(percent, ticket, market) ?? '', total: null }); }}
      />
      <Field
        label="Total"
        name="total"
        inputMode="decimal"
        autoComplete="off"
        placeholder={exampleOf('0.00')}
        suffix="USD"
        aside="Before fee"
        className="num"
        value={ticket.total ?? (total === null ? '' : typedText(total))}
        error={refusal?.field === 'total' ? refusal.mistake : undefined}
        onChange={(event) => { edit({ total: event.target.value }); }}
      />
      {ticket.side === 'buy' && market.cash !== null && !hasSome(market.cash) && <NoCash />}
      <QuoteLines asset={asset} side={ticket.side} pricing={ticket.pricing} shown={quote} />
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

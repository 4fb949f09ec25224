import { formatPrice } from '@/shared/money/format';
import type { Asset } from '@/shared/api/types';
import { decimalOfNumber, trimmed } from '@/shared/money/decimal';
import { exampleOf, typedText } from '@/shared/money/typed';
import { Field, LabelledSelect } from '@/shared/ui/field';
import { type CheckedTicket, isTimeInForce, type Ticket, TIMES_IN_FORCE } from './ticket';

const TIME_OPTIONS = TIMES_IN_FORCE.map(([value, name]) => [value, name] as const);

interface LimitFieldsProps {
  asset: Asset;
  ticket: Ticket;
  refusal: Extract<CheckedTicket, { ok: false }> | null;
  onEdit: (change: Partial<Ticket>) => void;
}

function marketPriceText(asset: Asset): string | null {
  const price = asset.price_usd === null ? null : decimalOfNumber(asset.price_usd);
  return price === null ? null : typedText(trimmed(price));
}

/** What only a limit order has: its price, and how long it waits for it. */
export function LimitFields({ asset, ticket, refusal, onEdit }: LimitFieldsProps) {
  const mistakeIn = (field: 'limitPrice' | 'endsAt') => (refusal?.field === field ? refusal.mistake : undefined);
  const market = marketPriceText(asset);
  const explanation = TIMES_IN_FORCE.find(([value]) => value === ticket.timeInForce)?.[2];
  return (
    <>
      <Field
        label="Limit price"
        name="limit-price"
        inputMode="decimal"
        autoComplete="off"
        placeholder={exampleOf('0.00')}
        suffix="USD"
        value={ticket.limitPrice}
        error={mistakeIn('limitPrice')}
        aside={
          market !== null && (
            <button type="button" className="num -my-1 rounded py-1 text-accent hover:underline" onClick={() => { onEdit({ limitPrice: market }); }}>
              Use {formatPrice(asset.price_usd)}
            </button>
          )
        }
        onChange={(event) => { onEdit({ limitPrice: event.target.value }); }}
      />
      <LabelledSelect
        label="Time in force"
        value={ticket.timeInForce}
        options={TIME_OPTIONS}
        hint={explanation}
        onChoose={(time) => { if (isTimeInForce(time)) onEdit({ timeInForce: time }); }}
      />
      {ticket.timeInForce === 'GTD' && (
        <Field label="Ends" name="ends" type="datetime-local" value={ticket.endsAt} error={mistakeIn('endsAt')} onChange={(event) => { onEdit({ endsAt: event.target.value }); }} />
      )}
    </>
  );
}

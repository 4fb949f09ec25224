import type { ReactNode } from 'react';
import type { Asset, OrderPreview } from '@/shared/api/types';
import { formatMoney, formatPrice, formatQuantity } from '@/shared/money/format';
import { COST_NAMES, holdingAfter, holdingName, type ShownQuote } from './quote';
import type { Pricing, Side } from './ticket';

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex justify-between gap-4">
      <dt className="text-muted">{name}</dt>
      <dd className="num text-right font-medium">{children}</dd>
    </div>
  );
}

function Figures({ side, pricing, symbol, preview }: { side: Side; pricing: Pricing; symbol: string; preview: OrderPreview | undefined }) {
  const rests = preview === undefined ? pricing === 'limit' : preview.status === 'pending';
  return (
    <dl className="space-y-2">
      <Line name="Fee">{formatMoney(preview?.fee)}</Line>
      <Line name={COST_NAMES[side]}>{formatMoney(preview?.cost)}</Line>
      <Line name={holdingName(rests)}>{preview === undefined ? formatQuantity(null) : `${formatQuantity(holdingAfter(preview))} ${symbol}`}</Line>
    </dl>
  );
}

interface QuoteLinesProps {
  asset: Asset;
  side: Side;
  pricing: Pricing;
  shown: ShownQuote & { readonly isComing: boolean };
}

/** The market price and, by the server's word, fee, total and holding. As high whatever there is to say, so that nothing below it jumps. */
export function QuoteLines({ asset, side, pricing, shown: { quote, spoken, isComing } }: QuoteLinesProps) {
  return (
    <div className="space-y-2 border-t border-line pt-4 text-sm">
      <dl>
        <Line name="Market price">{formatPrice(asset.price_usd)}</Line>
      </dl>
      <div aria-busy={isComing} className="min-h-19 aria-busy:text-muted">
        {quote !== null && !quote.told ? (
          <p className="text-muted">{quote.reason}</p>
        ) : (
          <Figures side={side} pricing={pricing} symbol={asset.symbol} preview={quote?.preview} />
        )}
      </div>
      <p role="status" aria-label="Costs" className="sr-only">
        {spoken}
      </p>
    </div>
  );
}

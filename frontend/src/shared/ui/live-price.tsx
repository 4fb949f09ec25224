import { useState } from 'react';
import { compare, type Decimal, decimalOfNumber, parseDecimal } from '@/shared/money/decimal';
import { formatPrice } from '@/shared/money/format';

/** A decimal string or market data's JSON number; null where there is none. */
type Price = string | number | null;

function read(price: Price): Decimal | null {
  return typeof price === 'string' ? parseDecimal(price) : price === null ? null : decimalOfNumber(price);
}

function movement(before: Price, after: Price): 'up' | 'down' | null {
  const [from, to] = [read(before), read(after)];
  if (from === null || to === null) return null;
  const order = compare(to, from);
  return order === 0 ? null : order > 0 ? 'up' : 'down';
}

const FLASH = { up: 'animate-flash-up', down: 'animate-flash-down' } as const;

/** A price that flashes when it changes. */
export function LivePrice({ price, className = '' }: { price: Price; className?: string }) {
  const [shown, setShown] = useState<{ price: Price; moved: 'up' | 'down' | null; ticks: number }>({ price, moved: null, ticks: 0 });
  if (shown.price !== price) setShown({ price, moved: movement(shown.price, price), ticks: shown.ticks + 1 });
  return (
    // A new key restarts the animation at every change.
    <span key={shown.ticks} className={`num rounded px-1 -mx-1 ${shown.moved === null ? '' : FLASH[shown.moved]} ${className}`}>
      {formatPrice(price)}
    </span>
  );
}

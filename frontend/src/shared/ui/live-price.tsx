import { useState } from 'react';
import { compare, decimalOfNumber } from '@/shared/money/decimal';
import { formatPrice } from '@/shared/money/format';

function movement(before: number | null, after: number | null): 'up' | 'down' | null {
  if (before === null || after === null) return null;
  const [from, to] = [decimalOfNumber(before), decimalOfNumber(after)];
  if (from === null || to === null) return null;
  const order = compare(to, from);
  return order === 0 ? null : order > 0 ? 'up' : 'down';
}

const FLASH = { up: 'animate-flash-up', down: 'animate-flash-down' } as const;

/** A price that flashes when it changes. */
export function LivePrice({ price, className = '' }: { price: number | null; className?: string }) {
  const [shown, setShown] = useState<{ price: number | null; moved: 'up' | 'down' | null; ticks: number }>({ price, moved: null, ticks: 0 });
  if (shown.price !== price) setShown({ price, moved: movement(shown.price, price), ticks: shown.ticks + 1 });
  return (
    // A new key restarts the animation at every change.
    <span key={shown.ticks} className={`num rounded px-1 -mx-1 ${shown.moved === null ? '' : FLASH[shown.moved]} ${className}`}>
      {formatPrice(price)}
    </span>
  );
}

import type { ReactNode, TdHTMLAttributes, ThHTMLAttributes } from 'react';
import { classes } from './classes';

type Align = 'left' | 'right';

const edge = 'first:pl-4 last:pr-4 sm:first:pl-5 sm:last:pr-5';
const aligned = (align: Align) => (align === 'right' ? 'text-right' : 'text-left');

/** A data table; `label` is its accessible name. */
export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="overflow-x-auto">
      <table aria-label={label} className="w-full border-collapse text-base">
        {children}
      </table>
    </div>
  );
}

interface HeadProps extends ThHTMLAttributes<HTMLTableCellElement> {
  align?: Align;
}

export function Head({ align = 'left', className, ...rest }: HeadProps) {
  return <th scope="col" className={classes('border-b border-line px-3 py-2.5 text-xs font-medium whitespace-nowrap text-muted', edge, aligned(align), className)} {...rest} />;
}

interface CellProps extends TdHTMLAttributes<HTMLTableCellElement> {
  align?: Align;
}

export function Cell({ align = 'left', className, ...rest }: CellProps) {
  return <td className={classes('px-3 py-3 align-middle', edge, align === 'right' && 'num whitespace-nowrap', aligned(align), className)} {...rest} />;
}

export const ROW = 'border-b border-line last:border-b-0 hover:bg-sunken/50';

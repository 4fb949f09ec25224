import { Slot } from '@radix-ui/react-slot';
import type { ButtonHTMLAttributes } from 'react';
import { classes } from './classes';
import { Spinner } from './spinner';

const BASE =
  'inline-flex items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap select-none transition-colors ' +
  'disabled:opacity-55 disabled:cursor-not-allowed aria-disabled:opacity-55 forced-colors:border';

const VARIANTS = {
  primary: 'bg-accent-solid text-on-accent hover:not-disabled:bg-accent-hover',
  secondary: 'border border-line bg-surface text-text hover:not-disabled:bg-sunken',
  ghost: 'text-muted hover:not-disabled:bg-sunken hover:not-disabled:text-text',
  buy: 'bg-positive-solid text-on-positive hover:not-disabled:bg-positive-hover',
  sell: 'bg-negative-solid text-on-negative hover:not-disabled:bg-negative-hover',
} as const;

const SIZES = {
  sm: 'h-8 px-3 text-sm',
  md: 'h-10 px-4 text-base',
  lg: 'h-11 px-5 text-base',
  icon: 'size-9',
} as const;

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: keyof typeof VARIANTS;
  size?: keyof typeof SIZES;
  /** Renders the only child, such as a link, in the button's clothes. */
  asChild?: boolean;
  /** Shows that the action runs, and ignores further presses. */
  busy?: boolean;
}

export function Button({ variant = 'secondary', size = 'md', asChild = false, busy = false, className, children, type = 'button', disabled, ...rest }: ButtonProps) {
  const look = classes(BASE, VARIANTS[variant], SIZES[size], className);
  if (asChild) return <Slot className={look}>{children}</Slot>;
  return (
    <button type={type} className={look} disabled={disabled === true || busy} aria-busy={busy || undefined} {...rest}>
      {busy && <Spinner />}
      {children}
    </button>
  );
}

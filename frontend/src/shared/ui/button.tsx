import { Slot } from '@radix-ui/react-slot';
import type { ButtonHTMLAttributes, MouseEvent } from 'react';
import { classes } from './classes';
import { Spinner } from './spinner';

const BASE =
  'inline-flex items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap select-none transition-colors ' +
  'disabled:opacity-55 disabled:cursor-not-allowed aria-disabled:opacity-55 aria-disabled:cursor-not-allowed forced-colors:border';

const VARIANTS = {
  primary: 'bg-accent-solid text-on-accent hover:not-disabled:not-aria-disabled:bg-accent-hover',
  secondary: 'border border-line bg-surface text-text hover:not-disabled:not-aria-disabled:bg-sunken',
  ghost: 'text-muted hover:not-disabled:not-aria-disabled:bg-sunken hover:not-disabled:not-aria-disabled:text-text',
  buy: 'bg-positive-solid text-on-positive hover:not-disabled:not-aria-disabled:bg-positive-hover',
  sell: 'bg-negative-solid text-on-negative hover:not-disabled:not-aria-disabled:bg-negative-hover',
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

/** Keeps a press, also the one that Enter in a field stands for, from sending the form. */
const ignore = (event: MouseEvent) => {
  event.preventDefault();
};

export function Button({ variant = 'secondary', size = 'md', asChild = false, busy = false, className, children, type = 'button', onClick, ...rest }: ButtonProps) {
  const look = classes(BASE, VARIANTS[variant], SIZES[size], className);
  if (asChild) return <Slot className={look}>{children}</Slot>;
  // Not `disabled` while busy: that would take the focus from whoever pressed it.
  return (
    <button type={type} className={look} aria-disabled={busy || undefined} aria-busy={busy || undefined} onClick={busy ? ignore : onClick} {...rest}>
      {busy && <Spinner />}
      {children}
    </button>
  );
}

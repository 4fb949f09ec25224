import { type ReactNode, useId } from 'react';
import { classes } from './classes';

interface CardProps {
  title?: ReactNode;
  action?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A titled region of the page. */
export function Card({ title, action, className, children }: CardProps) {
  const id = useId();
  return (
    <section aria-labelledby={title === undefined ? undefined : id} className={classes('rounded-xl border border-line bg-surface', className)}>
      {title !== undefined && (
        <div className="flex min-h-13 items-center justify-between gap-3 border-b border-line px-4 py-2 sm:px-5">
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          {action}
        </div>
      )}
      {children}
    </section>
  );
}

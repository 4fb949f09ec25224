import type { ReactNode } from 'react';
import { explain } from '@/shared/api/problem';
import { Button } from './button';
import { AlertIcon } from './icons';
import { classes } from './classes';

export function Skeleton({ className = 'h-4 w-full' }: { className?: string }) {
  const rounding = className.includes('rounded-') ? null : 'rounded-md';
  return <div aria-hidden="true" className={classes('animate-pulse bg-sunken', rounding, className)} />;
}

/** Lines that stand where a table's rows will be. */
export function LoadingRows({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="divide-y divide-line">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-4 px-4 py-4 sm:px-5">
          <Skeleton className="size-8 rounded-full" />
          <Skeleton className="h-4 w-32" />
          <Skeleton className="ml-auto h-4 w-20" />
          <Skeleton className="hidden h-4 w-24 sm:block" />
        </div>
      ))}
    </div>
  );
}

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** It is all that the page shows, and so its heading. */
  isPage?: boolean;
}

export function EmptyState({ title, children, action, isPage = false }: EmptyStateProps) {
  const Title = isPage ? 'h1' : 'p';
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <Title className="font-medium">{title}</Title>
      {children !== undefined && <p className="max-w-sm text-sm text-muted">{children}</p>}
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}

interface FailedStateProps {
  error: unknown;
  onRetry: () => void;
}

export function FailedState({ error, onRetry }: FailedStateProps) {
  return (
    <div role="alert" className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <AlertIcon className="size-6 text-negative" />
      <p className="max-w-md text-sm text-muted">{explain(error)}</p>
      <Button size="sm" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

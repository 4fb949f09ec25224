import type { ReactNode } from 'react';

interface PageTitleProps {
  title: string;
  children?: ReactNode;
}

/** The page's heading, which also names the browser tab. */
export function PageTitle({ title, children }: PageTitleProps) {
  return (
    <div className="mb-5 sm:mb-6">
      <title>{`${title} · CNOP`}</title>
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      {children !== undefined && <p className="mt-1 text-sm text-muted">{children}</p>}
    </div>
  );
}

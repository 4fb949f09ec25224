import type { ReactNode } from 'react';

interface SettingProps {
  name: ReactNode;
  badge?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}

/** A line of the security page: what it is, how it stands, and what can be done about it. */
export function Setting({ name, badge, children, action }: SettingProps) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-60">
        <div className="flex flex-wrap items-center gap-2 font-medium">
          {name}
          {badge}
        </div>
        {children !== undefined && <div className="mt-0.5 text-sm text-muted">{children}</div>}
      </div>
      {action !== undefined && <div className="flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}

/** Lines under each other. */
export function Settings({ children }: { children: ReactNode }) {
  return <div className="divide-y divide-line">{children}</div>;
}

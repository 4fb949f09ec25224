import type { ReactNode } from 'react';
import { AlertIcon, CheckIcon, InfoIcon } from './icons';

const LOOKS = {
  error: { box: 'bg-negative-soft text-negative', Icon: AlertIcon },
  warning: { box: 'bg-warning-soft text-warning', Icon: AlertIcon },
  info: { box: 'bg-accent-soft text-accent', Icon: InfoIcon },
  success: { box: 'bg-positive-soft text-positive', Icon: CheckIcon },
} as const;

interface NoticeProps {
  kind: keyof typeof LOOKS;
  children: ReactNode;
  action?: ReactNode;
}

/** A message in the flow of the page. Errors interrupt a screen reader, others wait. */
export function Notice({ kind, children, action }: NoticeProps) {
  const { box, Icon } = LOOKS[kind];
  return (
    <div role={kind === 'error' ? 'alert' : 'status'} className={`flex items-start gap-2.5 rounded-lg px-3.5 py-3 text-sm ${box}`}>
      <Icon className="mt-0.5 size-4" />
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}

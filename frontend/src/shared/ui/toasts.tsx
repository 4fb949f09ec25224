import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { AlertIcon, CheckIcon, CloseIcon } from './icons';

interface Toast {
  readonly id: number;
  readonly kind: 'success' | 'error';
  readonly text: string;
}

/** Announces; what `about` names, such as an order that both its ticket and the stream know of, is announced once. */
type Announce = (kind: Toast['kind'], text: string, about?: string) => void;

const SHOWN_MS = 7_000;
const MOST = 3;
const ToastContext = createContext<Announce>(() => undefined);

export const useToast = (): Announce => useContext(ToastContext);

/** Short confirmations in a corner; read out by screen readers without moving the focus. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const dismiss = useCallback((id: number) => {
    setToasts((current) => current.filter((toast) => toast.id !== id));
  }, []);
  const announced = useRef(new Set<string>());
  const announce = useCallback<Announce>(
    (kind, text, about) => {
      if (about !== undefined) {
        if (announced.current.has(about)) return;
        announced.current.add(about);
      }
      const id = performance.now() + Math.random();
      setToasts((current) => [...current.slice(1 - MOST), { id, kind, text }]);
      setTimeout(() => {
        dismiss(id);
      }, SHOWN_MS);
    },
    [dismiss],
  );
  return (
    <ToastContext value={announce}>
      {children}
      <div role="region" aria-label="Notifications" className="pointer-events-none fixed inset-x-4 bottom-20 z-60 flex flex-col gap-2 sm:inset-x-auto sm:right-6 sm:bottom-6 sm:w-96">
        <div aria-live="polite" className="contents">
          {toasts.map(({ id, kind, text }) => (
            <div key={id} className="pointer-events-auto flex animate-enter items-start gap-3 rounded-xl border border-line bg-raised p-4 text-sm shadow-pop">
              {kind === 'success' ? <CheckIcon className="mt-0.5 size-4 text-positive" /> : <AlertIcon className="mt-0.5 size-4 text-negative" />}
              <p className="min-w-0 flex-1">{text}</p>
              <button
                type="button"
                aria-label="Dismiss"
                className="-m-1.5 rounded-md p-1.5 text-muted hover:text-text"
                onClick={() => {
                  dismiss(id);
                }}
              >
                <CloseIcon />
              </button>
            </div>
          ))}
        </div>
      </div>
    </ToastContext>
  );
}

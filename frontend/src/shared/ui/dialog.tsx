import * as RadixDialog from '@radix-ui/react-dialog';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { CloseIcon } from './icons';

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  /** For what has long lines, such as a record. */
  wide?: boolean;
  children: ReactNode;
}

const Hold = createContext<(held: boolean) => void>(() => undefined);

/**
 * Keeps the dialog around it open while something that it began is on its way, as whoever closed it would not hear what
 * came of it and might begin it again; or while it shows what is shown this once.
 */
export function useHeldOpen(held: boolean) {
  const hold = useContext(Hold);
  useEffect(() => {
    hold(held);
    return () => {
      hold(false);
    };
  }, [hold, held]);
}

/** A modal dialog; on phones it rises from the bottom edge, where thumbs are. Closing returns the focus. */
export function Dialog({ open, onOpenChange, title, description, wide = false, children }: DialogProps) {
  const opener = useRef<Element | null>(null);
  const [held, setHeld] = useState(false);
  const change = (opens: boolean) => {
    if (opens || !held) onOpenChange(opens);
  };
  return (
    <RadixDialog.Root open={open} onOpenChange={change}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" />
        <RadixDialog.Content
          onOpenAutoFocus={() => {
            opener.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener.current instanceof HTMLElement) opener.current.focus();
          }}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={`${wide ? 'sm:w-[min(44rem,92vw)]' : 'sm:w-[26rem]'} fixed inset-x-0 bottom-0 z-50 max-h-[92dvh] animate-enter overflow-y-auto rounded-t-2xl bg-raised p-5 shadow-pop focus:outline-none sm:inset-x-auto sm:top-1/2 sm:bottom-auto sm:left-1/2 sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl sm:p-6`}
        >
          <div className="mb-4 pr-10">
            <RadixDialog.Title className="text-lg font-semibold">{title}</RadixDialog.Title>
            {description !== undefined && <RadixDialog.Description className="mt-1 text-sm text-muted">{description}</RadixDialog.Description>}
          </div>
          <Hold value={setHeld}>{children}</Hold>
          {/* Last, so that the focus begins at the content. */}
          <RadixDialog.Close className="absolute top-4 right-4 rounded-lg p-2 text-muted hover:not-disabled:bg-sunken hover:not-disabled:text-text disabled:opacity-55" aria-label="Close" disabled={held}>
            <CloseIcon className="size-5" />
          </RadixDialog.Close>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

import { type ReactNode, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import { Button } from './button';
import { Dialog } from './dialog';
import { Notice } from './notice';

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  children: ReactNode;
  /** What pressing the red button does, in a word or two. */
  verb: string;
  act: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ open, title, children, verb, act, onClose }: ConfirmDialogProps) {
  return (
    <Dialog
      open={open}
      title={title}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Question verb={verb} act={act} onClose={onClose}>
        {children}
      </Question>
    </Dialog>
  );
}

function Question({ children, verb, act, onClose }: Pick<ConfirmDialogProps, 'children' | 'verb' | 'act' | 'onClose'>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await act();
      onClose();
    } catch (failure) {
      if (!(failure instanceof StepUpDeclined)) setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="space-y-5">
      {error !== null && <Notice kind="error">{explain(error)}</Notice>}
      <div className="text-muted">{children}</div>
      <div className="grid grid-cols-2 gap-3">
        <Button size="lg" disabled={busy} onClick={onClose}>
          Go back
        </Button>
        <Button size="lg" variant="sell" busy={busy} onClick={() => void confirm()}>
          {verb}
        </Button>
      </div>
    </div>
  );
}

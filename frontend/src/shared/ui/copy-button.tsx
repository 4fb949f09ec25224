import { CopyIcon } from './icons';
import { useToast } from './toasts';

interface CopyButtonProps {
  /** What is copied, for the accessible name and the announcement, such as `order id`. */
  what: string;
  text: string;
}

/** Copies a text that nobody wants to type. */
export function CopyButton({ what, text }: CopyButtonProps) {
  const announce = useToast();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce('success', `Copied the ${what}.`);
    } catch {
      announce('error', `The browser did not let the ${what} be copied. Select it instead.`);
    }
  };
  return (
    <button type="button" aria-label={`Copy ${what}`} className="relative z-10 inline-flex shrink-0 rounded-md p-1 text-muted hover:bg-sunken hover:text-text" onClick={() => void copy()}>
      <CopyIcon />
    </button>
  );
}

import { download } from '@/shared/csv';
import { Button } from '@/shared/ui/button';
import { useHeldOpen } from '@/shared/ui/dialog';
import { CopyIcon, DownloadIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';

/** Recovery codes, this once: the dialog around them stays until the person says that they have kept them. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const announce = useToast();
  useHeldOpen(true);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(codes.join('\n'));
      announce('success', 'Recovery codes copied.');
    } catch {
      announce('error', 'The browser did not let them be copied. Write them down, or download them.');
    }
  };
  return (
    <div className="space-y-4">
      <Notice kind="warning">These are shown this once. Each logs you in one time when your other factor is out of reach.</Notice>
      <ul aria-label="Recovery codes" className="grid grid-cols-2 gap-x-4 gap-y-1.5 rounded-lg bg-sunken p-4 font-mono text-sm">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="grid grid-cols-2 gap-3">
        <Button onClick={() => void copy()}>
          <CopyIcon /> Copy
        </Button>
        <Button onClick={() => { download('cnop-recovery-codes.txt', 'text/plain;charset=utf-8', `${codes.join('\n')}\n`); }}>
          <DownloadIcon /> Download
        </Button>
      </div>
      <Button variant="primary" size="lg" className="w-full" onClick={onDone}>
        I have kept them
      </Button>
    </div>
  );
}

import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import { download } from '@/shared/csv';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Dialog } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/field';
import { DownloadIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { useDeleteAccount, useExport } from './security-actions';
import { Setting, Settings } from './setting';

function DeleteForm({ username }: { username: string }) {
  const erase = useDeleteAccount();
  const [typed, setTyped] = useState('');
  const [mistake, setMistake] = useState<string>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (typed.trim() !== username) {
      setMistake(`Type ${username} to confirm.`);
      return;
    }
    erase.mutate(undefined);
  };
  return (
    <form aria-label="Delete account" noValidate onSubmit={submit} className="space-y-4">
      {erase.error !== null && !(erase.error instanceof StepUpDeclined) && <Notice kind="error">{explain(erase.error)}</Notice>}
      <p className="text-sm text-muted">
        Your name, email address and everything else about you are erased for good. The ledger keeps its entries, without your name. This cannot be undone.
      </p>
      <Field label={`Type ${username} to confirm`} name="username" autoComplete="off" autoCapitalize="none" spellCheck={false} value={typed} error={mistake} onChange={(event) => { setTyped(event.target.value); setMistake(undefined); }} />
      <Button type="submit" variant="sell" size="lg" className="w-full" busy={erase.isPending}>
        Delete my account
      </Button>
    </form>
  );
}

/** One's data: to take along, or to have erased. */
export function DataCard({ username }: { username: string }) {
  const exporting = useExport();
  const announce = useToast();
  const [deleting, setDeleting] = useState(false);
  const exportAll = () => {
    exporting.mutate(undefined, {
      onSuccess: (data) => { download(`cnop-${username}.json`, 'application/json', JSON.stringify(data, null, 2)); },
      onError: (error) => {
        if (!(error instanceof StepUpDeclined)) announce('error', explain(error));
      },
    });
  };
  return (
    <Card title="Your data">
      <Settings>
        <Setting name="Export" action={<Button size="sm" busy={exporting.isPending} onClick={exportAll}><DownloadIcon /> Download</Button>}>
          Everything held about you, as a JSON file.
        </Setting>
        <Setting name="Delete account" action={<Button size="sm" className="text-negative!" onClick={() => { setDeleting(true); }}>Delete account</Button>}>
          Erases you for good. Your account has to be empty.
        </Setting>
      </Settings>
      <Dialog open={deleting} title="Delete account" onOpenChange={setDeleting}>
        <DeleteForm username={username} />
      </Dialog>
    </Card>
  );
}

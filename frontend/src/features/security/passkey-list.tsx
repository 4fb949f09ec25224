import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Passkey } from '@/shared/api/types';
import { hasPasskeys } from '@/shared/passkeys';
import { formatDateTime } from '@/shared/time';
import { Ago } from '@/shared/ui/ago';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { Dialog } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/field';
import { KeyIcon, TrashIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { useAddPasskey, usePasskeys, useRemovePasskey } from './security-actions';
import { Setting, Settings } from './setting';
import { deviceName } from '@/shared/security/wording';

const LONGEST_NAME = 50;

function AddForm({ onAdded }: { onAdded: (codes: readonly string[] | null) => void }) {
  const add = useAddPasskey();
  const [name, setName] = useState(() => deviceName(navigator.userAgent));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    add.mutate(name.trim() === '' ? 'Passkey' : name.trim(), { onSuccess: onAdded });
  };
  return (
    <form aria-label="Add a passkey" noValidate onSubmit={submit} className="space-y-4">
      {add.error !== null && !(add.error instanceof StepUpDeclined) && <Notice kind="error">{explain(add.error)}</Notice>}
      <Field label="Name" name="name" autoComplete="off" maxLength={LONGEST_NAME} hint="So that you can tell your passkeys apart." value={name} onChange={(event) => { setName(event.target.value); }} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={add.isPending}>
        Continue
      </Button>
    </form>
  );
}

function PasskeyLine({ passkey, onRemove }: { passkey: Passkey; onRemove: () => void }) {
  const action = (
    <Button size="sm" aria-label={`Remove passkey ${passkey.name}`} onClick={onRemove}>
      <TrashIcon /> Remove
    </Button>
  );
  return (
    <Setting name={passkey.name} action={action}>
      Added {formatDateTime(passkey.created_at)} · {passkey.last_used_at === null ? 'never used' : <>last used <Ago moment={passkey.last_used_at} /></>}
    </Setting>
  );
}

/** Passkeys: fingerprint, face, PIN or security key in place of a password. */
export function PasskeyCard({ onCodes }: { onCodes: (codes: readonly string[]) => void }) {
  const passkeys = usePasskeys();
  const remove = useRemovePasskey();
  const announce = useToast();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const action = hasPasskeys() && (
    <Button size="sm" onClick={() => { setAdding(true); }}>
      <KeyIcon /> Add a passkey
    </Button>
  );
  return (
    <Card title="Passkeys" action={action}>
      {passkeys.data === undefined ? (
        passkeys.error === null ? <LoadingRows rows={1} label="Loading passkeys" /> : <FailedState error={passkeys.error} onRetry={() => void passkeys.refetch()} />
      ) : passkeys.data.length === 0 ? (
        <p className="px-4 py-5 text-sm text-muted sm:px-5">None yet. With a passkey you log in by fingerprint, face or PIN; it cannot be phished or guessed.</p>
      ) : (
        <Settings>
          {passkeys.data.map((passkey) => (
            <PasskeyLine key={passkey.passkey_id} passkey={passkey} onRemove={() => { setRemoving(passkey); }} />
          ))}
        </Settings>
      )}
      <Dialog open={adding} title="Add a passkey" description="Your browser will ask for your fingerprint, face, PIN or security key." onOpenChange={setAdding}>
        <AddForm
          onAdded={(codes) => {
            setAdding(false);
            announce('success', 'The passkey is added.');
            if (codes !== null) onCodes(codes);
          }}
        />
      </Dialog>
      <ConfirmDialog
        open={removing !== null}
        title="Remove passkey"
        verb="Remove"
        act={async () => {
          if (removing === null) return;
          await remove.mutateAsync(removing.passkey_id);
          announce('success', 'The passkey is removed.');
        }}
        onClose={() => { setRemoving(null); }}
      >
        “{removing?.name}” will no longer log you in. Your device may still offer it; delete it there too.
      </ConfirmDialog>
    </Card>
  );
}

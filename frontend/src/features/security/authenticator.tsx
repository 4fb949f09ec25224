import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Enrolment, Factors } from '@/shared/api/types';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { CodeField } from '@/shared/ui/code-field';
import { Dialog } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { QrCode } from './qr-code';
import { useBeginTotp, useConfirmTotp, useRemoveTotp } from './security-actions';
import { Setting } from './setting';

const grouped = (secret: string): string => secret.replaceAll(/(.{4})(?=.)/g, '$1 ');

/** QR code, secret, and the code that proves the app has them. */
function EnrolForm({ enrolment, onEnrolled }: { enrolment: Enrolment; onEnrolled: (codes: readonly string[]) => void }) {
  const confirm = useConfirmTotp();
  const [code, setCode] = useState('');
  const [mistake, setMistake] = useState<string>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!/^\d{6}$/.test(code)) {
      setMistake('Enter the six digits of the code.');
      return;
    }
    confirm.mutate(code, { onSuccess: onEnrolled });
  };
  return (
    <form aria-label="Set up the authenticator app" noValidate onSubmit={submit} className="space-y-4">
      {confirm.error !== null && <Notice kind="error">{explain(confirm.error)}</Notice>}
      <QrCode dataUrl={enrolment.qr_code} label="QR code for the authenticator app" />
      <p className="text-center text-sm text-muted">
        Scan this in your app, or type the key:
        <code className="mt-1.5 block font-mono text-sm break-words text-text">{grouped(enrolment.secret)}</code>
      </p>
      <CodeField label="Code from the app" name="code" value={code} error={mistake} onEdit={(edited) => { setCode(edited); setMistake(undefined); }} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={confirm.isPending}>
        Turn on
      </Button>
    </form>
  );
}

/** The authenticator app: to be set up, or removed. */
export function AuthenticatorSetting({ factors, onCodes }: { factors: Factors; onCodes: (codes: readonly string[]) => void }) {
  const begin = useBeginTotp();
  const remove = useRemoveTotp();
  const announce = useToast();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [removing, setRemoving] = useState(false);

  const setUp = () => {
    begin.mutate(undefined, {
      onSuccess: setEnrolment,
      onError: (error) => {
        if (!(error instanceof StepUpDeclined)) announce('error', explain(error));
      },
    });
  };

  const action = factors.totp ? (
    <Button size="sm" onClick={() => { setRemoving(true); }}>Remove</Button>
  ) : (
    <Button size="sm" variant="primary" busy={begin.isPending} onClick={setUp}>Set up</Button>
  );
  return (
    <>
      <Setting name="Authenticator app" badge={factors.totp ? <Badge tone="positive">On</Badge> : <Badge tone={factors.passkeys ? 'neutral' : 'warning'}>Off</Badge>} action={action}>
        {factors.totp || factors.passkeys ? 'A code from an app on your phone, besides your password.' : 'Your password alone opens your account. With a code from an app on your phone besides, a stolen password is not enough.'}
      </Setting>
      <Dialog open={enrolment !== null} title="Set up the authenticator app" onOpenChange={(open) => { if (!open) setEnrolment(null); }}>
        {enrolment !== null && (
          <EnrolForm
            enrolment={enrolment}
            onEnrolled={(codes) => {
              setEnrolment(null);
              announce('success', 'The authenticator app is on.');
              onCodes(codes);
            }}
          />
        )}
      </Dialog>
      <ConfirmDialog
        open={removing}
        title="Remove the authenticator app"
        verb="Remove"
        act={async () => {
          await remove.mutateAsync(undefined);
          announce('success', 'The authenticator app is removed.');
        }}
        onClose={() => { setRemoving(false); }}
      >
        {factors.passkeys ? 'Your passkeys stay as your second factor.' : 'Without a second factor, your password alone opens your account.'}
      </ConfirmDialog>
    </>
  );
}

import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { hasPasskeys } from '@/shared/passkeys';
import { PasswordField } from '@/shared/password/password-field';
import { providerName, useIdentities } from '@/shared/federation';
import { Button } from '@/shared/ui/button';
import { CodeField } from '@/shared/ui/code-field';
import { KeyIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { FailedState, Skeleton } from '@/shared/ui/states';
import { useFactors, useProve, useProveElsewhere } from './step-up-actions';

function wordingOf(error: unknown): string {
  if (isProblem(error, 'AUTH_001')) return 'This password is wrong.';
  if (isProblem(error, 'AUTH_MFA_REQUIRED')) return 'This code is wrong, used already or too old. Wait for the next one and try again.';
  return explain(error);
}

type Prove = ReturnType<typeof useProve>;

function CodeProof({ prove, onProven }: { prove: Prove; onProven: () => void }) {
  const [code, setCode] = useState('');
  const [mistake, setMistake] = useState<string>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!/^\d{6}$/.test(code)) {
      setMistake('Enter the six digits of the code.');
      return;
    }
    prove.mutate({ otp: code }, { onSuccess: onProven });
  };
  return (
    <form aria-label="Confirm with a code" noValidate onSubmit={submit} className="space-y-4">
      <CodeField label="Authentication code" name="otp" value={code} error={mistake} onEdit={(edited) => { setCode(edited); setMistake(undefined); }} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={prove.isPending}>
        Confirm
      </Button>
    </form>
  );
}

function PasswordProof({ prove, onProven }: { prove: Prove; onProven: () => void }) {
  const [password, setPassword] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (password !== '') prove.mutate({ password }, { onSuccess: onProven });
  };
  return (
    <form aria-label="Confirm with your password" noValidate onSubmit={submit} className="space-y-4">
      <PasswordField label="Password" name="password" autoComplete="current-password" value={password} onChange={(event) => { setPassword(event.target.value); }} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={prove.isPending}>
        Confirm
      </Button>
    </form>
  );
}

/** For accounts without a second factor: the password where there is one, else where they log in otherwise. */
function PlainProof({ hasPassword, prove, onProven }: { hasPassword: boolean; prove: Prove; onProven: () => void }) {
  const identities = useIdentities();
  const elsewhere = useProveElsewhere();
  return (
    <>
      {elsewhere.error !== null && <Notice kind="error">{explain(elsewhere.error)}</Notice>}
      {hasPassword && <PasswordProof prove={prove} onProven={onProven} />}
      {!hasPassword && <p className="text-sm text-muted">You log in there once more and come back here. Then make your change again.</p>}
      {identities.data?.map((provider) => (
        <Button key={provider} size="lg" className="w-full" variant={hasPassword ? 'secondary' : 'primary'} busy={elsewhere.isPending} onClick={() => { elsewhere.mutate(provider); }}>
          Confirm with {providerName(provider)}
        </Button>
      ))}
    </>
  );
}

/** Takes the strongest proof that the person has: a code or a passkey, else the password or a linked account. */
export function ProofForm({ onProven }: { onProven: () => void }) {
  const factors = useFactors();
  const prove = useProve();
  if (factors.data === undefined) return factors.error === null ? <Skeleton className="h-24 w-full" /> : <FailedState error={factors.error} onRetry={() => void factors.refetch()} />;
  const { password, totp, passkeys } = factors.data;
  const byPasskey = prove.variables === 'passkey';
  return (
    <div className="space-y-4">
      {prove.error !== null && <Notice kind="error">{wordingOf(prove.error)}</Notice>}
      {totp && <CodeProof prove={prove} onProven={onProven} />}
      {!totp && !passkeys && <PlainProof hasPassword={password} prove={prove} onProven={onProven} />}
      {passkeys && hasPasskeys() && (
        <Button size="lg" variant={totp ? 'secondary' : 'primary'} className="w-full" disabled={prove.isPending && !byPasskey} busy={prove.isPending && byPasskey} onClick={() => { prove.mutate('passkey', { onSuccess: onProven }); }}>
          <KeyIcon /> Use a passkey
        </Button>
      )}
      {passkeys && !totp && !hasPasskeys() && <Notice kind="warning">Your account is protected by a passkey, which this browser cannot use. Continue in another one.</Notice>}
    </div>
  );
}

import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { type FieldErrors, hasErrors } from '@/shared/forms';
import { hasPasskeys } from '@/shared/passkeys';
import { PasswordField } from '@/shared/password/password-field';
import { providerName, useIdentities } from '@/shared/federation';
import { type Factor, factorMistake, SecondFactor } from '@/shared/security/second-factor';
import { Button } from '@/shared/ui/button';
import { KeyIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { FailedState, Skeleton } from '@/shared/ui/states';
import { useFactors, useProve, useProveElsewhere } from './step-up-actions';

function wordingOf(error: unknown): string {
  if (isProblem(error, 'AUTH_001')) return 'This password is wrong.';
  if (isProblem(error, 'AUTH_MFA_REQUIRED')) return 'This code is wrong, used already or too old. Try another.';
  return explain(error);
}

type Prove = ReturnType<typeof useProve>;

interface FactorProofProps {
  prove: Prove;
  onProven: () => void;
  /** What is asked for at first, and the only thing where there is nothing to choose. */
  first: Factor;
  canSwitch: boolean;
}

function FactorProof({ prove, onProven, first, canSwitch }: FactorProofProps) {
  const [second, setSecond] = useState(first);
  const [values, setValues] = useState<Record<Factor, string>>({ otp: '', recovery_code: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Factor>>({});
  const edit = (name: Factor) => (value: string) => {
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes({});
  };
  const switchTo = (other: Factor) => {
    setSecond(other);
    setMistakes({});
    prove.reset();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const found = factorMistake(second, values[second]);
    setMistakes(found);
    if (!hasErrors(found)) prove.mutate({ [second]: values[second].trim() }, { onSuccess: onProven });
  };
  return (
    <form aria-label="Confirm with a code" noValidate onSubmit={submit} className="space-y-4">
      <SecondFactor second={second} values={values} errors={mistakes} edit={edit} onSwitch={canSwitch ? switchTo : undefined} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={prove.isPending}>
        Confirm
      </Button>
    </form>
  );
}

/** For who has lost the device with their passkey: offered last, as a recovery code is good once. */
function RecoveryProof({ prove, onProven }: { prove: Prove; onProven: () => void }) {
  const [wanted, setWanted] = useState(false);
  if (wanted) return <FactorProof prove={prove} onProven={onProven} first="recovery_code" canSwitch={false} />;
  return (
    <button type="button" className="rounded py-0.5 text-sm text-accent hover:underline" onClick={() => { setWanted(true); prove.reset(); }}>
      Use a recovery code
    </button>
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

/** Takes the strongest proof that the person has: a factor or a recovery code, else the password or a linked account. */
export function ProofForm({ onProven }: { onProven: () => void }) {
  const factors = useFactors();
  const prove = useProve();
  if (factors.data === undefined) return factors.error === null ? <Skeleton className="h-24 w-full" /> : <FailedState error={factors.error} onRetry={() => void factors.refetch()} />;
  const { password, totp, passkeys, recovery_codes_left: codes } = factors.data;
  const byPasskey = prove.variables === 'passkey';
  return (
    <div className="space-y-4">
      {prove.error !== null && <Notice kind="error">{wordingOf(prove.error)}</Notice>}
      {totp && <FactorProof prove={prove} onProven={onProven} first="otp" canSwitch={codes > 0} />}
      {!totp && !passkeys && <PlainProof hasPassword={password} prove={prove} onProven={onProven} />}
      {passkeys && hasPasskeys() && (
        <Button size="lg" variant={totp ? 'secondary' : 'primary'} className="w-full" disabled={prove.isPending && !byPasskey} busy={prove.isPending && byPasskey} onClick={() => { prove.mutate('passkey', { onSuccess: onProven }); }}>
          <KeyIcon /> Use a passkey
        </Button>
      )}
      {passkeys && !totp && !hasPasskeys() && <Notice kind="warning">Your account is protected by a passkey, which this browser cannot use. {codes > 0 ? 'Continue in another one, or use a recovery code.' : 'Continue in another one.'}</Notice>}
      {passkeys && !totp && codes > 0 && <RecoveryProof prove={prove} onProven={onProven} />}
    </div>
  );
}

import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { type FieldErrors, focusField, focusFirstInvalid, hasErrors } from '@/shared/forms';
import { hasPasskeys } from '@/shared/passkeys';
import { Button } from '@/shared/ui/button';
import { CodeField } from '@/shared/ui/code-field';
import { Field } from '@/shared/ui/field';
import { KeyIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { useFederatedFactor } from './auth-actions';

type Factor = 'otp' | 'recovery_code';

interface SecondFactorProps {
  second: Factor;
  values: Record<Factor, string>;
  errors: FieldErrors<Factor>;
  edit: (name: Factor) => (value: string) => void;
  onSwitch: (second: Factor) => void;
}

export function SecondFactor({ second, values, errors, edit, onSwitch }: SecondFactorProps) {
  const other = second === 'otp' ? 'recovery_code' : 'otp';
  return (
    <div className="space-y-2">
      {second === 'otp' ? (
        <CodeField key="otp" label="Authentication code" name="otp" value={values.otp} error={errors.otp} onEdit={edit('otp')} />
      ) : (
        <Field key="recovery" label="Recovery code" name="recovery_code" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={40} value={values.recovery_code} error={errors.recovery_code} onChange={(event) => { edit('recovery_code')(event.target.value); }} />
      )}
      <button type="button" className="rounded py-0.5 text-sm text-accent hover:underline" onClick={() => { onSwitch(other); }}>
        {second === 'otp' ? 'Use a recovery code instead' : 'Use the authenticator app instead'}
      </button>
    </div>
  );
}

export function factorMistake(second: Factor, value: string): FieldErrors<Factor> {
  if (second === 'otp' && !/^\d{6}$/.test(value.trim())) return { otp: 'Enter the six digits of the code.' };
  return second === 'recovery_code' && value.trim() === '' ? { recovery_code: 'Enter one of your recovery codes.' } : {};
}

/** What is left to do when a provider has vouched for somebody who has a second factor here. */
export function FederatedFactorForm({ onLoggedIn }: { onLoggedIn: () => void }) {
  const show = useFederatedFactor();
  const [values, setValues] = useState<Record<Factor, string>>({ otp: '', recovery_code: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Factor>>({});
  const [second, setSecond] = useState<Factor>('otp');

  const edit = (name: Factor) => (value: string) => {
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes({});
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const found = factorMistake(second, values[second]);
    setMistakes(found);
    if (hasErrors(found)) focusFirstInvalid(form);
    else show.mutate({ [second]: values[second].trim() }, { onSuccess: onLoggedIn, onError: () => { focusField(form, second); } });
  };

  return (
    <form onSubmit={submit} noValidate aria-label="Show your second factor" className="space-y-5">
      {show.error !== null && <Notice kind="error">{refusalOf(show.error)}</Notice>}
      <SecondFactor second={second} values={values} errors={mistakes} edit={edit} onSwitch={setSecond} />
      <Button type="submit" variant="primary" size="lg" className="w-full" disabled={show.isPending && show.variables === null} busy={show.isPending && show.variables !== null}>
        Log in
      </Button>
      {hasPasskeys() && (
        <Button size="lg" className="w-full" disabled={show.isPending && show.variables !== null} busy={show.isPending && show.variables === null} onClick={() => { show.mutate(null, { onSuccess: onLoggedIn }); }}>
          <KeyIcon /> Use a passkey
        </Button>
      )}
    </form>
  );
}

function refusalOf(error: unknown): string {
  if (isProblem(error, 'AUTH_MFA_REQUIRED')) return 'This code is wrong, used already or too old. Try another.';
  return isProblem(error, 'AUTH_001') ? 'This took too long, or was finished already. Log in with your provider again.' : explain(error);
}

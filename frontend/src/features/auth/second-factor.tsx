import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { type FieldErrors, focusField, focusFirstInvalid, hasErrors } from '@/shared/forms';
import { hasPasskeys } from '@/shared/passkeys';
import { type Factor, factorMistake, SecondFactor } from '@/shared/security/second-factor';
import { Button } from '@/shared/ui/button';
import { KeyIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { useFederatedFactor } from './auth-actions';

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

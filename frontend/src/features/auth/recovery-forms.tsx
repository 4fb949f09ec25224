import { type SubmitEvent, useState } from 'react';
import { ApiProblem, explain } from '@/shared/api/problem';
import { focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { RESET_LINK_LIFE } from '@/shared/letters';
import { PasswordField } from '@/shared/password/password-field';
import { PasswordMeter } from '@/shared/password/password-meter';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useForgotPassword, useResetPassword } from './auth-actions';

/** Asks where to send the letter; afterwards says that it is on its way, if there is such an account. */
export function ForgotForm() {
  const forgot = useForgotPassword();
  const [email, setEmail] = useState('');
  const [mistake, setMistake] = useState<string>();
  if (forgot.isSuccess) {
    return <Notice kind="success">If there is an account for this, a letter with a link is on its way. The link works for {RESET_LINK_LIFE}.</Notice>;
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (email.trim() === '') setMistake('Enter your email address or username.');
    else forgot.mutate(email.trim());
  };
  return (
    <form aria-label="Forgot password" noValidate onSubmit={submit} className="space-y-5">
      {forgot.error !== null && <Notice kind="error">{explain(forgot.error)}</Notice>}
      <Field label="Email or username" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} value={email} error={mistake} onChange={(event) => { setEmail(event.target.value); setMistake(undefined); }} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={forgot.isPending}>
        Send me a link
      </Button>
    </form>
  );
}

const FIELDS = ['password'] as const;

/** Sets a new password by the token of a letter. */
export function ResetForm({ token, onReset }: { token: string; onReset: () => void }) {
  const reset = useResetPassword();
  const [password, setPassword] = useState('');
  const [mistake, setMistake] = useState<string>();
  const told = serverFieldErrors(reset.error, FIELDS);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const length = Array.from(password).length;
    if (length < 14 || length > 128) {
      setMistake('Use 14 to 128 characters.');
      focusFirstInvalid(form);
      return;
    }
    reset.mutate({ token, password }, { onSuccess: onReset });
  };
  return (
    <form aria-label="Reset password" noValidate onSubmit={submit} className="space-y-5">
      {reset.error !== null && !hasErrors(told) && <Notice kind="error">{staleOr(reset.error)}</Notice>}
      <PasswordField
        label="New password"
        name="password"
        autoComplete="new-password"
        value={password}
        error={mistake ?? told.password}
        hint={<PasswordMeter password={password} personal={[]} />}
        onChange={(event) => { setPassword(event.target.value); setMistake(undefined); }}
      />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={reset.isPending}>
        Set new password
      </Button>
    </form>
  );
}

/** A token that is spent or too old comes as invalid input; that deserves plainer words. */
export function staleOr(error: unknown): string {
  if (error instanceof ApiProblem && error.status === 422) return 'This link was used already or is too old. Ask for a new one.';
  return explain(error);
}

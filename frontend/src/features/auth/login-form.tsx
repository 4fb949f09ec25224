import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { type FieldErrors, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useLogIn } from './auth-actions';
import { PasswordField } from './password-field';

const FIELDS = ['username', 'password', 'otp'] as const;
type Name = (typeof FIELDS)[number];

function mistakesIn(values: Record<Name, string>, needsCode: boolean): FieldErrors<Name> {
  const mistakes: FieldErrors<Name> = {};
  if (values.username.trim() === '') mistakes.username = 'Enter your username or email.';
  if (values.password === '') mistakes.password = 'Enter your password.';
  if (needsCode && !/^\d{6}$/.test(values.otp.trim())) mistakes.otp = 'Enter the six digits of the code.';
  return mistakes;
}

export function LoginForm({ onLoggedIn }: { onLoggedIn: () => void }) {
  const logIn = useLogIn();
  const [values, setValues] = useState<Record<Name, string>>({ username: '', password: '', otp: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Name>>({});
  const [needsCode, setNeedsCode] = useState(false);
  const errors = { ...serverFieldErrors(logIn.error, FIELDS), ...mistakes };

  const edit = (name: Name) => (value: string) => {
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes((current) => ({ ...current, [name]: undefined }));
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const found = mistakesIn(values, needsCode);
    setMistakes(found);
    if (hasErrors(found)) {
      focusFirstInvalid(form);
      return;
    }
    logIn.mutate(
      { username: values.username.trim(), password: values.password, ...(needsCode ? { otp: values.otp.trim() } : {}) },
      {
        onSuccess: onLoggedIn,
        onError: (error) => {
          if (isProblem(error, 'AUTH_MFA_REQUIRED')) setNeedsCode(true);
        },
      },
    );
  };

  const secondFactorDue = isProblem(logIn.error, 'AUTH_MFA_REQUIRED');
  return (
    <form onSubmit={submit} noValidate aria-label="Log in" className="space-y-5">
      {logIn.error !== null && !hasErrors(serverFieldErrors(logIn.error, FIELDS)) && (
        <Notice kind={secondFactorDue ? 'info' : 'error'}>{explain(logIn.error)}</Notice>
      )}
      <Field label="Username or email" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} value={values.username} error={errors.username} onChange={(event) => { edit('username')(event.target.value); }} />
      <PasswordField label="Password" name="password" autoComplete="current-password" value={values.password} error={errors.password} onChange={(event) => { edit('password')(event.target.value); }} />
      {needsCode && (
        <Field label="Authentication code" name="otp" inputMode="numeric" autoComplete="one-time-code" maxLength={6} value={values.otp} error={errors.otp} onChange={(event) => { edit('otp')(event.target.value); }} />
      )}
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={logIn.isPending}>
        Log in
      </Button>
    </form>
  );
}

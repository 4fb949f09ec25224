import { Link } from '@tanstack/react-router';
import { type SubmitEvent, useState } from 'react';
import { explain, isProblem } from '@/shared/api/problem';
import { type FieldErrors, focusField, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { hasPasskeys } from '@/shared/passkeys';
import { PasswordField } from '@/shared/password/password-field';
import { factorMistake, SecondFactor } from '@/shared/security/second-factor';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { KeyIcon } from '@/shared/ui/icons';
import { Notice } from '@/shared/ui/notice';
import { useLogIn, usePasskeyLogIn } from './auth-actions';
import { ProviderButtons } from './provider-buttons';

const FIELDS = ['username', 'password', 'otp', 'recovery_code'] as const;
type Name = (typeof FIELDS)[number];

/** What is asked for besides the password, if anything. */
type Second = 'otp' | 'recovery_code' | null;

function mistakesIn(values: Record<Name, string>, second: Second): FieldErrors<Name> {
  const mistakes: FieldErrors<Name> = {};
  if (values.username.trim() === '') mistakes.username = 'Enter your username or email.';
  if (values.password === '') mistakes.password = 'Enter your password.';
  return second === null ? mistakes : { ...mistakes, ...factorMistake(second, values[second]) };
}

function attemptOf(values: Record<Name, string>, second: Second) {
  const attempt = { username: values.username.trim(), password: values.password };
  return second === null ? attempt : { ...attempt, [second]: values[second].trim() };
}

/** The way in without a password, where the browser knows it. */
function PasskeyButton({ onLoggedIn }: { onLoggedIn: () => void }) {
  const logIn = usePasskeyLogIn();
  if (!hasPasskeys()) return null;
  return (
    <>
      {logIn.error !== null && <Notice kind="error">{isProblem(logIn.error, 'AUTH_001') ? 'This passkey does not belong to an account here.' : explain(logIn.error)}</Notice>}
      <Button size="lg" className="w-full" busy={logIn.isPending} onClick={() => { logIn.mutate(undefined, { onSuccess: onLoggedIn }); }}>
        <KeyIcon /> Log in with a passkey
      </Button>
    </>
  );
}

interface LoginFormProps {
  next: string | undefined;
  /** Filled in already, for somebody who gave it a moment ago. */
  username?: string | undefined;
  onLoggedIn: () => void;
}

export function LoginForm({ next, username = '', onLoggedIn }: LoginFormProps) {
  const logIn = useLogIn();
  const [values, setValues] = useState<Record<Name, string>>({ username, password: '', otp: '', recovery_code: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Name>>({});
  const [second, setSecond] = useState<Second>(null);
  const errors = { ...serverFieldErrors(logIn.error, FIELDS), ...mistakes };

  const edit = (name: Name) => (value: string) => {
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes((current) => ({ ...current, [name]: undefined }));
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const found = mistakesIn(values, second);
    setMistakes(found);
    if (hasErrors(found)) {
      focusFirstInvalid(form);
      return;
    }
    logIn.mutate(attemptOf(values, second), {
      onSuccess: onLoggedIn,
      onError: (error) => {
        if (!isProblem(error, 'AUTH_MFA_REQUIRED')) return;
        const due = second ?? 'otp';
        setSecond(due);
        focusField(form, due);
      },
    });
  };

  const secondFactorDue = isProblem(logIn.error, 'AUTH_MFA_REQUIRED');
  const wrongFactor = secondFactorDue && logIn.variables !== undefined && ('otp' in logIn.variables || 'recovery_code' in logIn.variables);
  return (
    <div className="space-y-5">
      <form onSubmit={submit} noValidate aria-label="Log in" className="space-y-5">
        {logIn.error !== null && !hasErrors(serverFieldErrors(logIn.error, FIELDS)) && (
          <Notice kind={secondFactorDue && !wrongFactor ? 'info' : 'error'}>{wrongFactor ? 'This code is wrong, used already or too old. Try another.' : explain(logIn.error)}</Notice>
        )}
        <Field label="Username or email" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} value={values.username} error={errors.username} onChange={(event) => { edit('username')(event.target.value); }} />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          aside={
            <Link to="/forgot-password" className="-my-1 inline-block rounded py-1 text-accent hover:underline">
              Forgot it?
            </Link>
          }
          value={values.password}
          error={errors.password}
          onChange={(event) => { edit('password')(event.target.value); }}
        />
        {second !== null && <SecondFactor second={second} values={values} errors={errors} edit={edit} onSwitch={setSecond} />}
        <Button type="submit" variant="primary" size="lg" className="w-full" busy={logIn.isPending}>
          Log in
        </Button>
      </form>
      <div className="space-y-4 has-[p:only-child]:hidden">
        <p className="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">or</p>
        <PasskeyButton onLoggedIn={onLoggedIn} />
        <ProviderButtons next={next} />
      </div>
    </div>
  );
}

import { type SubmitEvent, useState } from 'react';
import { ApiProblem, explain } from '@/shared/api/problem';
import { type FieldErrors, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { RegisteredOnly, useRegister } from './auth-actions';
import { PasswordField } from '@/shared/password/password-field';
import { PasswordMeter } from '@/shared/password/password-meter';

const FIELDS = ['username', 'email', 'password'] as const;
type Name = (typeof FIELDS)[number];

const USERNAME = /^[A-Za-z0-9_]{6,30}$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function mistakesIn({ username, email, password }: Record<Name, string>): FieldErrors<Name> {
  const mistakes: FieldErrors<Name> = {};
  const length = Array.from(password).length;
  if (!USERNAME.test(username)) mistakes.username = 'Use 6 to 30 letters, digits or underscores.';
  if (!EMAIL.test(email)) mistakes.email = 'Enter an email address, like ada@example.com.';
  if (length < 14 || length > 128) mistakes.password = 'Use 14 to 128 characters.';
  return mistakes;
}

function refusalOf(error: unknown): string | null {
  if (error === null || hasErrors(serverFieldErrors(error, FIELDS))) return null;
  if (error instanceof ApiProblem && error.status === 409) return 'This username or email is already registered. Log in instead, or choose another.';
  return explain(error);
}

interface RegisterFormProps {
  onRegistered: () => void;
  /** Hears of an account that was made, and why its owner could not be logged in. */
  onRegisteredOnly: (username: string, reason: string) => void;
}

export function RegisterForm({ onRegistered, onRegisteredOnly }: RegisterFormProps) {
  const register = useRegister();
  const [values, setValues] = useState<Record<Name, string>>({ username: '', email: '', password: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Name>>({});
  const errors = { ...serverFieldErrors(register.error, FIELDS), ...mistakes };
  const refusal = refusalOf(register.error);

  const edit = (name: Name) => (value: string) => {
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes((current) => ({ ...current, [name]: undefined }));
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const cleaned = { ...values, username: values.username.trim(), email: values.email.trim() };
    const found = mistakesIn(cleaned);
    setMistakes(found);
    if (hasErrors(found)) {
      focusFirstInvalid(form);
      return;
    }
    register.mutate(cleaned, {
      onSuccess: onRegistered,
      onError: (error) => {
        if (error instanceof RegisteredOnly) onRegisteredOnly(error.username, explain(error.cause));
        else focusFirstInvalid(form);
      },
    });
  };

  return (
    <form onSubmit={submit} noValidate aria-label="Create account" className="space-y-5">
      {refusal !== null && <Notice kind="error">{refusal}</Notice>}
      <Field label="Username" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} value={values.username} error={errors.username} hint={errors.username === undefined ? '6 to 30 letters, digits or underscores.' : undefined} onChange={(event) => { edit('username')(event.target.value); }} />
      <Field label="Email" name="email" type="email" autoComplete="email" value={values.email} error={errors.email} onChange={(event) => { edit('email')(event.target.value); }} />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="new-password"
        value={values.password}
        error={errors.password}
        hint={<PasswordMeter password={values.password} personal={[values.username, values.email]} />}
        onChange={(event) => { edit('password')(event.target.value); }}
      />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={register.isPending}>
        Create account
      </Button>
    </form>
  );
}

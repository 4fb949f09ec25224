import { type SubmitEvent, useState } from 'react';
import { explain, isProblem, StepUpDeclined } from '@/shared/api/problem';
import { type FieldErrors, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { PasswordField } from '@/shared/password/password-field';
import { PasswordMeter } from '@/shared/password/password-meter';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Dialog } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/notice';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { useFactors } from '@/shared/step-up/step-up-actions';
import { EmailSetting, NameSetting } from './own-details';
import { useChangePassword, useProfile, useSendPasswordLink } from './security-actions';
import { Setting, Settings } from './setting';

const FIELDS = ['current_password', 'new_password'] as const;
type Name = (typeof FIELDS)[number];

function mistakesIn(values: Record<Name, string>): FieldErrors<Name> {
  const mistakes: FieldErrors<Name> = {};
  const length = Array.from(values.new_password).length;
  if (values.current_password === '') mistakes.current_password = 'Enter your current password.';
  if (length < 14 || length > 128) mistakes.new_password = 'Use 14 to 128 characters.';
  else if (values.new_password === values.current_password) mistakes.new_password = 'This is your current password. Choose another.';
  return mistakes;
}

function PasswordForm({ personal, onDone }: { personal: readonly string[]; onDone: () => void }) {
  const change = useChangePassword();
  const announce = useToast();
  const [values, setValues] = useState<Record<Name, string>>({ current_password: '', new_password: '' });
  const [mistakes, setMistakes] = useState<FieldErrors<Name>>({});
  const wrong: FieldErrors<Name> = isProblem(change.error, 'AUTH_001') ? { current_password: 'This is not your current password.' } : {};
  const told = { ...serverFieldErrors(change.error, FIELDS), ...wrong };
  const errors = { ...told, ...mistakes };

  const edit = (name: Name) => (event: { target: { value: string } }) => {
    const { value } = event.target;
    setValues((current) => ({ ...current, [name]: value }));
    setMistakes((current) => ({ ...current, [name]: undefined }));
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const found = mistakesIn(values);
    setMistakes(found);
    if (hasErrors(found)) {
      focusFirstInvalid(form);
      return;
    }
    change.mutate(values, {
      onSuccess: () => {
        announce('success', 'Your password is changed. Your other sessions were ended.');
        onDone();
      },
      onError: () => {
        focusFirstInvalid(form);
      },
    });
  };

  return (
    <form aria-label="Change password" noValidate onSubmit={submit} className="space-y-4">
      {change.error !== null && !hasErrors(told) && !(change.error instanceof StepUpDeclined) && <Notice kind="error">{explain(change.error)}</Notice>}
      <PasswordField label="Current password" name="current_password" autoComplete="current-password" value={values.current_password} error={errors.current_password} onChange={edit('current_password')} />
      <PasswordField
        label="New password"
        name="new_password"
        autoComplete="new-password"
        value={values.new_password}
        error={errors.new_password}
        hint={<PasswordMeter password={values.new_password} personal={personal} />}
        onChange={edit('new_password')}
      />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={change.isPending}>
        Change password
      </Button>
    </form>
  );
}

/** The password of an account that was made by logging in elsewhere: there is none yet. */
function NoPasswordSetting({ username, email }: { username: string; email: string }) {
  const ask = useSendPasswordLink();
  const announce = useToast();
  const send = () => {
    ask.mutate(username, {
      onSuccess: () => { announce('success', `A letter is on its way to ${email}. Its link works for 30 minutes.`); },
      onError: (error) => { announce('error', explain(error)); },
    });
  };
  return (
    <Setting name="Password" badge={<Badge>None</Badge>} action={<Button size="sm" busy={ask.isPending} onClick={send}>Set a password</Button>}>
      You log in with a linked account or a passkey. We send you a link to choose a password.
    </Setting>
  );
}

/** Email address, name and password. */
export function SignInCard() {
  const profile = useProfile();
  const factors = useFactors();
  const [changing, setChanging] = useState(false);
  if (profile.data === undefined) {
    return <Card title="Sign-in">{profile.error === null ? <LoadingRows rows={3} label="Loading your account" /> : <FailedState error={profile.error} onRetry={() => void profile.refetch()} />}</Card>;
  }
  const { email, username } = profile.data;
  return (
    <Card title="Sign-in">
      <Settings>
        <EmailSetting profile={profile.data} />
        <NameSetting profile={profile.data} />
        {factors.data?.password === false ? (
          <NoPasswordSetting username={username} email={email} />
        ) : (
          <Setting name="Password" action={<Button size="sm" onClick={() => { setChanging(true); }}>Change password</Button>}>
            A change ends your sessions on all other devices.
          </Setting>
        )}
      </Settings>
      <Dialog open={changing} title="Change password" onOpenChange={setChanging}>
        <PasswordForm personal={[username, email]} onDone={() => { setChanging(false); }} />
      </Dialog>
    </Card>
  );
}

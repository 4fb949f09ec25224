import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Profile } from '@/shared/api/types';
import { type FieldErrors, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { CONFIRM_LINK_LIFE } from '@/shared/letters';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { useChangeProfile, useResendLetter } from './security-actions';
import { Setting } from './setting';

const EMAIL = ['email'] as const;
const NAMES = ['first_name', 'last_name'] as const;

interface FormProps {
  profile: Profile;
  onDone: () => void;
}

/** What went wrong, unless a field tells it, or the person chose not to confirm who they are. */
function Refusal({ error, told }: { error: unknown; told: object }) {
  if (error === null || hasErrors(told) || error instanceof StepUpDeclined) return null;
  return <Notice kind="error">{explain(error)}</Notice>;
}

function EmailForm({ profile, onDone }: FormProps) {
  const change = useChangeProfile();
  const announce = useToast();
  const [email, setEmail] = useState('');
  const [mistake, setMistake] = useState<string>();
  const told = serverFieldErrors(change.error, EMAIL);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const address = email.trim();
    const found = mistakeIn(address, profile.email);
    setMistake(found);
    if (found !== undefined) {
      focusFirstInvalid(form);
      return;
    }
    change.mutate({ email: address }, {
      onSuccess: () => {
        announce('success', `Your address is ${address} now. A letter with a link to confirm it is on its way there.`);
        onDone();
      },
      onError: () => { focusFirstInvalid(form); },
    });
  };

  return (
    <form aria-label="Change email address" noValidate onSubmit={submit} className="space-y-4">
      <Refusal error={change.error} told={told} />
      <p className="text-sm text-muted">
        Now <span className="break-all text-text">{profile.email}</span>. We tell that address of the change, and ask the new one to confirm.
      </p>
      <Field
        label="New email address"
        name="email"
        type="email"
        autoComplete="email"
        value={email}
        error={mistake ?? told.email}
        onChange={(event) => {
          setEmail(event.target.value);
          setMistake(undefined);
        }}
      />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={change.isPending}>
        Change email address
      </Button>
    </form>
  );
}

function mistakeIn(address: string, present: string): string | undefined {
  if (!/^\S+@\S+$/.test(address)) return 'Enter an email address, such as ada@example.com.';
  if (address.toLowerCase() === present.toLowerCase()) return 'This is your address already.';
  return undefined;
}

function NameForm({ profile, onDone }: FormProps) {
  const change = useChangeProfile();
  const announce = useToast();
  const [names, setNames] = useState({ first_name: profile.first_name ?? '', last_name: profile.last_name ?? '' });
  const told: FieldErrors<(typeof NAMES)[number]> = serverFieldErrors(change.error, NAMES);

  const edit = (name: (typeof NAMES)[number]) => (event: { target: { value: string } }) => {
    const { value } = event.target;
    setNames((current) => ({ ...current, [name]: value }));
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    change.mutate({ first_name: names.first_name.trim() || null, last_name: names.last_name.trim() || null }, {
      onSuccess: () => {
        announce('success', 'Your name is changed.');
        onDone();
      },
      onError: () => { focusFirstInvalid(form); },
    });
  };

  return (
    <form aria-label="Change name" noValidate onSubmit={submit} className="space-y-4">
      <Refusal error={change.error} told={told} />
      <Field label="First name" name="first_name" autoComplete="given-name" value={names.first_name} error={told.first_name} onChange={edit('first_name')} />
      <Field label="Last name" name="last_name" autoComplete="family-name" value={names.last_name} error={told.last_name} onChange={edit('last_name')} />
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={change.isPending}>
        Save
      </Button>
    </form>
  );
}

/** The email address: which it is, whether it is confirmed, and how to change it. */
export function EmailSetting({ profile }: { profile: Profile }) {
  const resend = useResendLetter();
  const announce = useToast();
  const [changing, setChanging] = useState(false);
  const { email, email_verified: verified } = profile;
  const send = () => {
    resend.mutate(undefined, {
      onSuccess: () => { announce('success', `A letter is on its way to ${email}. Its link works for ${CONFIRM_LINK_LIFE}.`); },
      onError: (error) => { announce('error', explain(error)); },
    });
  };
  const actions = (
    <>
      {!verified && (
        <Button size="sm" busy={resend.isPending} onClick={send}>
          Send the letter again
        </Button>
      )}
      <Button size="sm" aria-label="Change email address" onClick={() => { setChanging(true); }}>
        Change
      </Button>
    </>
  );
  return (
    <>
      <Setting name="Email address" badge={verified ? <Badge tone="positive">Confirmed</Badge> : <Badge tone="warning">Not confirmed</Badge>} action={actions}>
        <span className="break-all">{email}</span>
        {!verified && <span className="block">Open the link in our letter, so that you can get back in if you forget your password.</span>}
      </Setting>
      <Dialog open={changing} title="Change email address" onOpenChange={setChanging}>
        <EmailForm profile={profile} onDone={() => { setChanging(false); }} />
      </Dialog>
    </>
  );
}

/** First and last name, which are nobody's business but the person's and the staff's. */
export function NameSetting({ profile }: { profile: Profile }) {
  const [changing, setChanging] = useState(false);
  const name = [profile.first_name, profile.last_name].filter((part) => part !== null).join(' ');
  return (
    <>
      <Setting
        name="Name"
        action={<Button size="sm" aria-label="Change name" onClick={() => { setChanging(true); }}>{name === '' ? 'Add' : 'Change'}</Button>}
      >
        <span className="break-words">{name === '' ? 'None given.' : name}</span>
      </Setting>
      <Dialog open={changing} title="Change name" onOpenChange={setChanging}>
        <NameForm profile={profile} onDone={() => { setChanging(false); }} />
      </Dialog>
    </>
  );
}

import { useState } from 'react';
import type { Person } from '@/shared/api/types';
import { CheckChoice } from '@/shared/ui/check-choice';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { useToast } from '@/shared/ui/toasts';
import { useBeginReset } from './user-actions';

/** Asks before somebody is sent a letter with which they choose a new password. */
export function ResetDialog({ person, open, onClose }: { person: Person; open: boolean; onClose: () => void }) {
  const [lock, setLock] = useState(false);
  const begin = useBeginReset(person.user_id);
  const announce = useToast();
  const close = () => {
    setLock(false);
    onClose();
  };
  return (
    <ConfirmDialog
      open={open}
      title={`Reset the password of ${person.username}`}
      verb="Send the letter"
      act={async () => {
        await begin.mutateAsync(lock);
        announce('success', lock ? `A letter is on its way to ${person.username}, who is logged out everywhere.` : `A letter is on its way to ${person.username}.`);
      }}
      onClose={close}
    >
      <p>A letter goes to {person.email}. Its link, good for 10 minutes, lets them choose a new password, which you do not see.</p>
      <div className="mt-3 -ml-2">
        <CheckChoice
          name="Somebody else may be in this account"
          meaning="Their password and sessions end now, and not when they have chosen a new one. Passkeys and linked accounts still log in: suspend the account instead if those may not be theirs."
          checked={lock}
          onChange={setLock}
        />
      </div>
    </ConfirmDialog>
  );
}

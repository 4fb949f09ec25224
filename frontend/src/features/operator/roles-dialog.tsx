import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Person, Role } from '@/shared/api/types';
import { Button } from '@/shared/ui/button';
import { CheckChoice } from '@/shared/ui/check-choice';
import { Dialog } from '@/shared/ui/dialog';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { useSetRoles } from './user-actions';

const ROLES: readonly (readonly [Role, string, string])[] = [
  ['customer', 'Customer', 'Has cash, places orders, holds assets.'],
  ['support', 'Support', 'Sees accounts and orders of others.'],
  ['auditor', 'Auditor', 'Reads the audit trail.'],
  ['admin', 'Administrator', 'Changes accounts and assets, and everything above but trading.'],
];

const isRole = (value: string): value is Role => ROLES.some(([role]) => role === value);

function RolesForm({ person, onDone }: { person: Person; onDone: () => void }) {
  const [roles, setRoles] = useState<readonly Role[]>(() => person.roles.filter(isRole));
  const [mistake, setMistake] = useState(false);
  const change = useSetRoles(person.user_id);
  const announce = useToast();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setMistake(roles.length === 0);
    if (roles.length === 0) return;
    change.mutate([...roles], {
      onSuccess: () => {
        announce('success', `${person.username} is now: ${roles.join(', ')}. Their sessions were ended.`);
        onDone();
      },
    });
  };
  return (
    <form aria-label="Roles" noValidate onSubmit={submit} className="space-y-4">
      {mistake && <Notice kind="error">Choose one role at least. To keep somebody out, suspend the account.</Notice>}
      {change.error !== null && !(change.error instanceof StepUpDeclined) && <Notice kind="error">{explain(change.error)}</Notice>}
      <fieldset className="space-y-1">
        <legend className="sr-only">Roles</legend>
        {ROLES.map(([role, name, meaning]) => (
          <CheckChoice
            key={role}
            name={name}
            meaning={meaning}
            checked={roles.includes(role)}
            onChange={(checked) => { setRoles(checked ? [...roles, role] : roles.filter((held) => held !== role)); }}
          />
        ))}
      </fieldset>
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={change.isPending}>
        Save roles
      </Button>
    </form>
  );
}

/** What somebody may do. */
export function RolesDialog({ person, open, onClose }: { person: Person; open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} title={`Roles of ${person.username}`} description="A change ends their sessions at once, and is recorded." onOpenChange={(isOpen) => { if (!isOpen) onClose(); }}>
      <RolesForm person={person} onDone={onClose} />
    </Dialog>
  );
}

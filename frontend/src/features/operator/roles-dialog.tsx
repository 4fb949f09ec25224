import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Person, Role } from '@/shared/api/types';
import { Button } from '@/shared/ui/button';
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
          <div key={role} className="flex items-start gap-3 rounded-lg px-2 py-2">
            <input
              id={`role-${role}`}
              type="checkbox"
              aria-describedby={`role-${role}-meaning`}
              className="mt-1 size-4 accent-accent-solid"
              checked={roles.includes(role)}
              onChange={(event) => {
                setRoles(event.target.checked ? [...roles, role] : roles.filter((held) => held !== role));
              }}
            />
            <div>
              <label htmlFor={`role-${role}`} className="block font-medium">
                {name}
              </label>
              <p id={`role-${role}-meaning`} className="text-sm text-muted">
                {meaning}
              </p>
            </div>
          </div>
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

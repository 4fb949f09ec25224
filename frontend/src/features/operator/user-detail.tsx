import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { explain, isNotFound } from '@/shared/api/problem';
import type { Person } from '@/shared/api/types';
import { formatMoney, formatQuantity } from '@/shared/money/format';
import { deviceName } from '@/shared/security/wording';
import { useHasRole, useSession } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Ago } from '@/shared/ui/ago';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { ResetDialog } from './reset-dialog';
import { RolesDialog } from './roles-dialog';
import { useEndSessions, usePerson, usePersonPortfolio, usePersonSessions, useReinstate, useSuspend } from './user-actions';
import { StatusBadge } from './user-list';

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid items-baseline gap-x-4 px-4 py-2.5 sm:grid-cols-[9rem_1fr] sm:px-5">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}

/** A figure, with what it is worth where it counts something else than dollars. */
function Holding({ name, quantity, worth }: { name: string; quantity?: string; worth: string }) {
  return (
    <div className="flex items-baseline justify-between gap-4 px-4 py-2.5 sm:px-5">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="num flex gap-6 text-right">
        {quantity !== undefined && <span className="text-muted">{quantity}</span>}
        <span className="min-w-24 font-medium">{worth}</span>
      </dd>
    </div>
  );
}

function Acts({ person }: { person: Person }) {
  const [asking, setAsking] = useState<'roles' | 'reset' | 'suspend' | null>(null);
  const suspend = useSuspend(person.user_id);
  const reinstate = useReinstate(person.user_id);
  const announce = useToast();
  const close = () => { setAsking(null); };
  const letIn = () => {
    reinstate.mutate(undefined, {
      onSuccess: () => { announce('success', `${person.username} may log in again.`); },
      onError: (error) => { announce('error', explain(error)); },
    });
  };
  return (
    <div className="flex flex-wrap justify-end gap-2">
      <Button size="sm" onClick={() => { setAsking('roles'); }}>Roles</Button>
      {person.status === 'active' && <Button size="sm" onClick={() => { setAsking('reset'); }}>Reset password</Button>}
      {person.status === 'suspended' && <Button size="sm" busy={reinstate.isPending} onClick={letIn}>Reinstate</Button>}
      {person.status === 'active' && <Button size="sm" className="text-negative!" onClick={() => { setAsking('suspend'); }}>Suspend</Button>}
      <RolesDialog person={person} open={asking === 'roles'} onClose={close} />
      <ResetDialog person={person} open={asking === 'reset'} onClose={close} />
      <ConfirmDialog
        open={asking === 'suspend'}
        title={`Suspend ${person.username}`}
        verb="Suspend"
        act={async () => {
          await suspend.mutateAsync(undefined);
          announce('success', `${person.username} is suspended.`);
        }}
        onClose={close}
      >
        Their sessions end at once, and they cannot log in until they are reinstated. Open orders stay open.
      </ConfirmDialog>
    </div>
  );
}

function Account({ person }: { person: Person }) {
  const session = useSession();
  const isAuditor = useHasRole('auditor', 'admin');
  const mayChange = useHasRole('admin') && !(session.status === 'signed-in' && session.username === person.username);
  const name = [person.first_name, person.last_name].filter((part) => part !== null).join(' ');
  return (
    <Card title={person.username} action={mayChange && <Acts person={person} />}>
      <dl className="divide-y divide-line py-1">
        <Line name="Status"><StatusBadge status={person.status} /></Line>
        <Line name="Roles">{person.roles.join(', ')}</Line>
        <Line name="Email">{person.email} <span className="text-sm text-muted">{person.email_verified ? 'confirmed' : 'not confirmed'}</span></Line>
        {name !== '' && <Line name="Name">{name}</Line>}
        {person.phone !== null && <Line name="Phone">{person.phone}</Line>}
        <Line name="Two-step login">{person.mfa ? 'On' : 'Off'}</Line>
        <Line name="Registered">{formatDateTime(person.created_at)}</Line>
        <Line name="Id"><span className="font-mono text-sm">{person.user_id}</span></Line>
        {isAuditor && (
          <Line name="Audit trail">
            <Link to="/operator/audit" search={{ actor: person.user_id }} className="rounded text-accent hover:underline">Their audit records</Link>
          </Line>
        )}
      </dl>
    </Card>
  );
}

function Sessions({ person }: { person: Person }) {
  const sessions = usePersonSessions(person.user_id);
  const end = useEndSessions(person.user_id);
  const mayEnd = useHasRole('admin');
  const announce = useToast();
  const [asking, setAsking] = useState(false);
  const some = (sessions.data?.length ?? 0) > 0;
  return (
    <Card title="Sessions" action={mayEnd && some && <Button size="sm" onClick={() => { setAsking(true); }}>End all</Button>}>
      {sessions.data === undefined ? (
        sessions.error === null ? <LoadingRows rows={1} label="Loading sessions" /> : <FailedState error={sessions.error} onRetry={() => void sessions.refetch()} />
      ) : some ? (
        <ul className="max-h-80 divide-y divide-line overflow-y-auto">
          {sessions.data.map((session) => (
            <li key={session.session_id} className="px-4 py-3 sm:px-5">
              <p className="font-medium">{deviceName(session.user_agent)}</p>
              <p className="text-sm text-muted">{session.address} · last used <Ago moment={session.last_used_at} /></p>
            </li>
          ))}
        </ul>
      ) : (
        <p className="px-4 py-5 text-sm text-muted sm:px-5">Not logged in anywhere.</p>
      )}
      <ConfirmDialog
        open={asking}
        title={`End all sessions of ${person.username}`}
        verb="End sessions"
        act={async () => {
          await end.mutateAsync(undefined);
          announce('success', 'Their sessions are ended.');
        }}
        onClose={() => { setAsking(false); }}
      >
        They are logged out everywhere at once, and may log in again.
      </ConfirmDialog>
    </Card>
  );
}

function Holdings({ person }: { person: Person }) {
  const portfolio = usePersonPortfolio(person.username);
  return (
    <Card
      title="Holdings"
      action={
        <Button asChild size="sm">
          <Link to="/operator/orders" search={{ username: person.username }}>Orders</Link>
        </Button>
      }
    >
      {portfolio.data === undefined ? (
        portfolio.error === null ? <LoadingRows rows={1} label="Loading holdings" /> : <FailedState error={portfolio.error} onRetry={() => void portfolio.refetch()} />
      ) : (
        <dl className="divide-y divide-line py-1">
          <Holding name="All together" worth={formatMoney(portfolio.data.total_portfolio_value)} />
          <Holding name="Cash" worth={formatMoney(portfolio.data.usd_balance)} />
          {portfolio.data.assets.map((position) => (
            <Holding key={position.asset_id} name={position.asset_id} quantity={formatQuantity(position.quantity)} worth={formatMoney(position.market_value)} />
          ))}
        </dl>
      )}
    </Card>
  );
}

/** Everything staff may know and do about one account. */
export function UserDetail({ userId }: { userId: string }) {
  const person = usePerson(userId);
  if (person.data === undefined) {
    if (isNotFound(person.error)) return <Card><EmptyState title="There is no such account" /></Card>;
    return <Card>{person.error === null ? <LoadingRows label="Loading the account" /> : <FailedState error={person.error} onRetry={() => void person.refetch()} />}</Card>;
  }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2 lg:gap-6">
      <div className="grid min-w-0 gap-4 lg:gap-6">
        <Account person={person.data} />
        <Sessions person={person.data} />
      </div>
      <div className="grid min-w-0 gap-4 lg:gap-6">
        <Holdings person={person.data} />
      </div>
    </div>
  );
}

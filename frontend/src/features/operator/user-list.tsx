import { Link } from '@tanstack/react-router';
import type { UserSummary } from '@/shared/api/types';
import { formatDateTime } from '@/shared/time';
import { Badge, type Tone } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Pager } from '@/shared/ui/pager';
import { SearchForm } from '@/shared/ui/search-form';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { useUsers } from './user-actions';

const TONES: Readonly<Record<string, Tone>> = { active: 'positive', suspended: 'negative' };

export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={TONES[status] ?? 'neutral'}>{status.charAt(0).toUpperCase() + status.slice(1)}</Badge>;
}

function UserRow({ user }: { user: UserSummary }) {
  return (
    <tr className={`relative ${ROW}`}>
      <Cell>
        <Link to="/operator/users/$userId" params={{ userId: user.user_id }} className="inline-block font-medium outline-offset-4 after:absolute after:inset-0">
          {user.username}
        </Link>
        <p className="text-sm text-muted">{user.roles.join(', ')}</p>
      </Cell>
      <Cell className="hidden text-muted md:table-cell">{formatDateTime(user.created_at)}</Cell>
      <Cell className="hidden text-sm lg:table-cell">{user.email_verified ? 'Confirmed' : <span className="text-muted">Not confirmed</span>}</Cell>
      <Cell className="hidden text-sm sm:table-cell">{user.mfa ? 'On' : <span className="text-muted">Off</span>}</Cell>
      <Cell align="right">
        <StatusBadge status={user.status} />
      </Cell>
    </tr>
  );
}

interface UserListProps {
  username: string | undefined;
  onSearch: (username: string | undefined) => void;
}

/** Everybody who has an account, newest first, or the one of a name. */
export function UserList({ username, onSearch }: UserListProps) {
  const { rows, error, retry, pager } = useUsers(username);
  return (
    <Card title="Users">
      <div className="flex border-b border-line p-4 sm:px-5">
        <SearchForm label="Username" placeholder="Whole username" value={username ?? ''} onSearch={(text) => { onSearch(text === '' ? undefined : text); }} />
      </div>
      {rows === undefined ? (
        error === null ? <LoadingRows label="Loading users" /> : <FailedState error={error} onRetry={retry} />
      ) : rows.length === 0 ? (
        <EmptyState title="Nobody has this username" action={<Button size="sm" onClick={() => { onSearch(undefined); }}>Show everybody</Button>}>
          The whole name is needed, in upper or lower case.
        </EmptyState>
      ) : (
        <>
          <Table label="Users">
            <thead>
              <tr>
                <Head>User</Head>
                <Head className="hidden md:table-cell">Registered</Head>
                <Head className="hidden lg:table-cell">Email</Head>
                <Head className="hidden sm:table-cell">Two-step</Head>
                <Head align="right">Status</Head>
              </tr>
            </thead>
            <tbody>
              {rows.map((user) => (
                <UserRow key={user.user_id} user={user} />
              ))}
            </tbody>
          </Table>
          <Pager label="Users" {...pager} />
        </>
      )}
    </Card>
  );
}

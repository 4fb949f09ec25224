import { getRouteApi, Link, Navigate, Outlet } from '@tanstack/react-router';
import { AssetAdmin } from '@/features/operator/asset-admin';
import { AuditExplorer } from '@/features/operator/audit-explorer';
import { type Place, placesFor } from '@/features/operator/places';
import { StaffOrders } from '@/features/operator/staff-orders';
import { SystemHealth } from '@/features/operator/system-health';
import { UserDetail } from '@/features/operator/user-detail';
import { UserList } from '@/features/operator/user-list';
import { useSession } from '@/shared/services';
import { Card } from '@/shared/ui/card';
import { ChevronLeftIcon } from '@/shared/ui/icons';
import { EmptyState } from '@/shared/ui/states';
import { PageTitle } from './page-title';

const usersRoute = getRouteApi('/own/operator/users');
const userRoute = getRouteApi('/own/operator/users/$userId');
const ordersRoute = getRouteApi('/own/operator/orders');
const auditRoute = getRouteApi('/own/operator/audit');

function usePlaces(): readonly Place[] {
  const session = useSession();
  return session.status === 'signed-in' ? placesFor(session.roles) : [];
}

/** The frame of the console: its title, and the pages that one's roles open. */
export function OperatorArea() {
  const places = usePlaces();
  if (places.length === 0) {
    return (
      <Card>
        <EmptyState isPage title="This page is for staff">Your account has no part in it.</EmptyState>
      </Card>
    );
  }
  return (
    <>
      <PageTitle title="Console" />
      <nav aria-label="Console" className="mb-5 flex gap-1 overflow-x-auto border-b border-line sm:mb-6">
        {places.map(({ to, name }) => (
          <Link key={to} to={to} className="border-b-2 border-transparent px-3 py-2.5 text-sm font-medium whitespace-nowrap text-muted outline-offset-[-3px] hover:text-text aria-[current=page]:border-accent aria-[current=page]:text-text">
            {name}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  );
}

/** The first page that one's roles open. */
export function OperatorStart() {
  const [first] = usePlaces();
  return first === undefined ? null : <Navigate to={first.to} replace />;
}

export function OperatorUsersPage() {
  const { username } = usersRoute.useSearch();
  const navigate = usersRoute.useNavigate();
  return <UserList username={username} onSearch={(name) => void navigate({ search: { username: name }, replace: true })} />;
}

export function OperatorUserPage() {
  const { userId } = userRoute.useParams();
  return (
    <>
      <Link to="/operator/users" className="mb-3 inline-flex items-center gap-1 rounded-md text-sm text-muted hover:text-text">
        <ChevronLeftIcon /> Users
      </Link>
      <UserDetail key={userId} userId={userId} />
    </>
  );
}

export function OperatorOrdersPage() {
  const { username } = ordersRoute.useSearch();
  const navigate = ordersRoute.useNavigate();
  return <StaffOrders username={username} onSearch={(name) => void navigate({ search: { username: name }, replace: true })} />;
}

export const OperatorAssetsPage = AssetAdmin;

export function OperatorAuditPage() {
  const search = auditRoute.useSearch();
  const navigate = auditRoute.useNavigate();
  return <AuditExplorer search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />;
}

export const OperatorHealthPage = SystemHealth;

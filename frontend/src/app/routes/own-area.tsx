import { Link, Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useIsCustomer, useSession } from '@/shared/services';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { EmptyState, Skeleton } from '@/shared/ui/states';

/** Sends somebody who is not logged in to the login page, which brings them back afterwards. */
function useLoginWhenSignedOut() {
  const session = useSession();
  const router = useRouter();
  const navigate = useNavigate();
  useEffect(() => {
    if (session.status !== 'signed-out') return;
    const { href } = router.state.location;
    // Only the person whose session expired comes back to where they were.
    const isOver = session.reason === 'logged-out' || session.reason === 'replaced';
    void navigate({ to: '/login', search: { next: isOver ? undefined : href }, replace: true });
  }, [session, router, navigate]);
  return session;
}

/** The part of the application that is one's own. */
export function OwnArea() {
  const session = useLoginWhenSignedOut();
  // Another person gets pages of their own, without what was typed into those of the one before.
  if (session.status === 'signed-in') return <Outlet key={session.username} />;
  return (
    <div role="status" aria-label="Restoring your session" className="grid gap-6">
      <Skeleton className="h-8 w-48" />
      <Skeleton className="h-48 w-full rounded-xl" />
    </div>
  );
}

/** What only customers have: cash, orders and holdings. */
export function CustomerArea() {
  if (useIsCustomer()) return <Outlet />;
  const action = (
    <Button asChild variant="primary" size="sm">
      <Link to="/operator">Go to the console</Link>
    </Button>
  );
  return (
    <Card>
      <EmptyState isPage title="This account does not trade" action={action}>
        It belongs to staff. Cash, orders and holdings are for customers.
      </EmptyState>
    </Card>
  );
}

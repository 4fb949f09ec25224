import { Link } from '@tanstack/react-router';
import { useServices, useSession } from '@/shared/services';
import { Button } from '@/shared/ui/button';

/** Says that somebody else logged in in this browser, and asks who is in front of this tab. */
export function ReplacedBanner() {
  const { session } = useServices();
  const state = useSession();
  return (
    <div role="status">
      {state.status === 'signed-out' && state.reason === 'replaced' && (
        <div className="flex flex-wrap items-center justify-center gap-x-4 gap-y-2 bg-warning-soft px-4 py-2 text-center text-sm text-warning">
          <p>Somebody else logged in in this browser, so your session in this tab has ended. What waited to be sent was not sent.</p>
          <div className="flex flex-wrap justify-center gap-2">
            <Button size="sm" onClick={() => { session.continueAsSuccessor(); }}>
              Go on as {state.successor === '' ? 'that person' : state.successor}
            </Button>
            <Button asChild size="sm">
              <Link to="/login">Log in</Link>
            </Button>
          </div>
        </div>
      )}
    </div>
  );
}

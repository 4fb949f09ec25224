import { Link } from '@tanstack/react-router';
import type { Asset } from '@/shared/api/types';
import { useIsCustomer, useSession } from '@/shared/services';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { LoadingRows } from '@/shared/ui/states';
import { TicketForm } from './ticket-form';

/** The ticket, or the way to it for somebody who is not logged in. */
export function TradeCard({ asset }: { asset: Asset }) {
  const session = useSession();
  const { status } = session;
  const isCustomer = useIsCustomer();
  const here = `/markets/${asset.asset_id}`;
  return (
    <Card title={`Trade ${asset.symbol}`}>
      {status === 'restoring' && <LoadingRows rows={3} label="Restoring your session" />}
      {session.status === 'signed-in' && isCustomer && <TicketForm key={`${session.username} ${asset.asset_id}`} asset={asset} />}
      {status === 'signed-in' && !isCustomer && <p className="p-4 text-sm text-muted sm:p-5">This account belongs to staff and does not trade.</p>}
      {status === 'signed-out' && (
        <div className="space-y-3 p-4 sm:p-5">
          <p className="text-sm text-muted">Log in or create an account to buy and sell {asset.name}.</p>
          <Button asChild variant="primary" className="w-full">
            <Link to="/login" search={{ next: here }}>
              Log in to trade
            </Link>
          </Button>
          <Button asChild className="w-full">
            <Link to="/register" search={{ next: here }}>
              Create account
            </Link>
          </Button>
        </div>
      )}
    </Card>
  );
}

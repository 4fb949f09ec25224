import { DataCard } from '@/features/security/data-card';
import { EventsCard } from '@/features/security/events-card';
import { FactorCards } from '@/features/security/factors-card';
import { LinkedAccountsCard } from '@/features/security/linked-accounts';
import { SessionsCard } from '@/features/security/sessions-card';
import { SignInCard } from '@/features/security/sign-in-card';
import { useSession } from '@/shared/services';
import { PageTitle } from './page-title';

export function SecurityPage() {
  const session = useSession();
  return (
    <>
      <PageTitle title="Security">How you log in, where you are logged in, and what happened.</PageTitle>
      <div className="grid items-start gap-4 lg:grid-cols-2 lg:gap-6">
        <div className="grid min-w-0 gap-4 lg:gap-6">
          <SignInCard />
          <FactorCards />
          <LinkedAccountsCard />
          {session.status === 'signed-in' && <DataCard username={session.username} />}
        </div>
        <div className="grid min-w-0 gap-4 lg:gap-6">
          <SessionsCard />
          <EventsCard />
        </div>
      </div>
    </>
  );
}

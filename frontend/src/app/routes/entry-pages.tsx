import { getRouteApi, Link, Navigate, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { LoginForm } from '@/features/auth/login-form';
import { RegisterForm } from '@/features/auth/register-form';
import { useIsSignedIn, useSession } from '@/shared/services';
import { Notice } from '@/shared/ui/notice';
import { PageTitle } from './page-title';

const loginRoute = getRouteApi('/login');
const registerRoute = getRouteApi('/register');

const HOME = '/dashboard';

function EntryFrame({ title, lead, children, footer }: { title: string; lead: string; children: ReactNode; footer: ReactNode }) {
  return (
    <div className="mx-auto w-full max-w-[26rem] sm:pt-6">
      <PageTitle title={title}>{lead}</PageTitle>
      <div className="rounded-xl border border-line bg-surface p-5 sm:p-6">{children}</div>
      <p className="mt-5 text-center text-sm text-muted">{footer}</p>
    </div>
  );
}

/** Goes where the person was heading, or home. */
function useOnward(next: string | undefined): () => void {
  const router = useRouter();
  return () => {
    router.history.push(next ?? HOME);
  };
}

const LINK = 'font-medium text-accent underline-offset-4 hover:underline';

function Farewell() {
  const session = useSession();
  if (session.status !== 'signed-out') return null;
  if (session.reason === 'expired') return <Notice kind="info">Your session has ended. Log in to go on where you were.</Notice>;
  return session.reason === 'logged-out' ? <Notice kind="success">You are logged out.</Notice> : null;
}

export function LoginPage() {
  const { next } = loginRoute.useSearch();
  const onward = useOnward(next);
  if (useIsSignedIn()) return <Navigate to={next ?? HOME} replace />;
  return (
    <EntryFrame
      title="Log in"
      lead="Welcome back."
      footer={
        <>
          New here?{' '}
          <Link to="/register" search={{ next }} className={LINK}>
            Create an account
          </Link>
        </>
      }
    >
      <div className="mb-5 empty:hidden">
        <Farewell />
      </div>
      <LoginForm onLoggedIn={onward} />
    </EntryFrame>
  );
}

export function RegisterPage() {
  const { next } = registerRoute.useSearch();
  const onward = useOnward(next);
  if (useIsSignedIn()) return <Navigate to={next ?? HOME} replace />;
  return (
    <EntryFrame
      title="Create account"
      lead="A username, an email address and a password are all it takes."
      footer={
        <>
          Already registered?{' '}
          <Link to="/login" search={{ next }} className={LINK}>
            Log in
          </Link>
        </>
      }
    >
      <RegisterForm onRegistered={onward} />
    </EntryFrame>
  );
}

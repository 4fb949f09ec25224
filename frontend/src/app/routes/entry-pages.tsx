import { getRouteApi, Link, Navigate, useRouter, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { useVerifyEmail } from '@/features/auth/auth-actions';
import { LoginForm } from '@/features/auth/login-form';
import { ForgotForm, ResetForm, staleOr } from '@/features/auth/recovery-forms';
import { RegisterForm } from '@/features/auth/register-form';
import { FederatedFactorForm } from '@/features/auth/second-factor';
import { refusalWording } from '@/shared/federation';
import { useIsSignedIn, useSession } from '@/shared/services';
import { Notice } from '@/shared/ui/notice';
import { Skeleton } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { PageTitle } from './page-title';

const loginRoute = getRouteApi('/login');
const registerRoute = getRouteApi('/register');

const HOME = '/';
/** A provider vouched for somebody who has a second factor here. */
const FACTOR_DUE = 'SECOND_FACTOR_DUE';

/** An account that was made a moment ago, and why its owner was not logged in. */
interface Registered {
  readonly username: string;
  readonly reason: string;
}

declare module '@tanstack/react-router' {
  // Beside the address, not in it: nobody else's link can make the page say so.
  interface HistoryState {
    registered?: Registered;
  }
}

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

/** What to know before logging in. */
function BeforeLogin({ refusal, registered }: { refusal: string | null; registered: Registered | undefined }) {
  if (refusal !== null) return <Notice kind="error">{refusalWording(refusal)}</Notice>;
  if (registered === undefined) return <Farewell />;
  return <Notice kind="warning">Your account is made, but logging in did not work yet. {registered.reason}</Notice>;
}

/** What a provider's refusal left behind the #, taken out of the address. */
function useRefusalElsewhere(): string | null {
  const router = useRouter();
  const [code] = useState(() => new URLSearchParams(router.state.location.hash).get('error'));
  useEffect(() => {
    if (code !== null) router.history.replace(router.state.location.pathname);
  }, [router, code]);
  return code;
}

/** Somebody who is logged in came back from a provider that did not vouch for them. */
function NotLinked({ code }: { code: string }) {
  const announce = useToast();
  useEffect(() => {
    announce('error', refusalWording(code));
  }, [announce, code]);
  return <Navigate to="/security" replace />;
}

/** The provider vouched for somebody who has a second factor here; a reload forgets it and begins anew. */
function FactorPage({ onLoggedIn }: { onLoggedIn: () => void }) {
  const again = (
    <a href="/login" className={LINK}>
      Log in another way
    </a>
  );
  return (
    <EntryFrame title="One more step" lead="Your account has a second factor. Show it within ten minutes." footer={again}>
      <FederatedFactorForm onLoggedIn={onLoggedIn} />
    </EntryFrame>
  );
}

export function LoginPage() {
  const { next } = loginRoute.useSearch();
  const onward = useOnward(next);
  const refusal = useRefusalElsewhere();
  const registered = useRouterState({ select: ({ location }) => location.state.registered });
  const isSignedIn = useIsSignedIn();
  if (isSignedIn && refusal !== null && refusal !== FACTOR_DUE) return <NotLinked code={refusal} />;
  if (isSignedIn) return <Navigate to={next ?? HOME} replace />;
  if (refusal === FACTOR_DUE) return <FactorPage onLoggedIn={onward} />;
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
        <BeforeLogin refusal={refusal} registered={registered} />
      </div>
      <LoginForm next={next} username={registered?.username} onLoggedIn={onward} />
    </EntryFrame>
  );
}

export function RegisterPage() {
  const { next } = registerRoute.useSearch();
  const onward = useOnward(next);
  const router = useRouter();
  const toLogin = (username: string, reason: string) => {
    void router.navigate({ to: '/login', search: { next }, state: { registered: { username, reason } }, replace: true });
  };
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
      <RegisterForm onRegistered={onward} onRegisteredOnly={toLogin} />
    </EntryFrame>
  );
}

const BACK_TO_LOGIN = (
  <Link to="/login" className={LINK}>
    Back to log in
  </Link>
);

export function ForgotPasswordPage() {
  return (
    <EntryFrame title="Forgot your password?" lead="We send a link to the address of your account." footer={BACK_TO_LOGIN}>
      <ForgotForm />
    </EntryFrame>
  );
}

/** The token behind the #, which browsers send to nobody; taken out of the address, so that no history keeps it. */
function useLetterToken(): string | null {
  const router = useRouter();
  const [token] = useState(() => new URLSearchParams(router.state.location.hash).get('token'));
  useEffect(() => {
    if (token !== null) router.history.replace(router.state.location.pathname);
  }, [router, token]);
  return token;
}

function NoToken({ children }: { children: ReactNode }) {
  return <Notice kind="warning">This address is not complete. Open the link in our letter as a whole{children}.</Notice>;
}

const ASK_AGAIN = (
  <>
    , or{' '}
    <Link to="/forgot-password" className={LINK}>
      ask for a new one
    </Link>
  </>
);

export function ResetPasswordPage() {
  const token = useLetterToken();
  const router = useRouter();
  const announce = useToast();
  const onReset = () => {
    announce('success', 'Your password is changed. Log in with the new one.');
    router.history.push('/login');
  };
  return (
    <EntryFrame title="Choose a new password" lead="All your sessions end, and you log in with it." footer={BACK_TO_LOGIN}>
      {token === null ? <NoToken>{ASK_AGAIN}</NoToken> : <ResetForm token={token} onReset={onReset} />}
    </EntryFrame>
  );
}

function Verification({ token }: { token: string }) {
  const { mutate, isSuccess, error } = useVerifyEmail();
  useEffect(() => {
    mutate(token);
  }, [mutate, token]);
  if (isSuccess) return <Notice kind="success">Your email address is confirmed. Thank you.</Notice>;
  return error === null ? <Skeleton className="h-11 w-full" /> : <Notice kind="error">{staleOr(error)}</Notice>;
}

export function VerifyEmailPage() {
  const token = useLetterToken();
  const footer = (
    <Link to="/" className={LINK}>
      Continue
    </Link>
  );
  return (
    <EntryFrame title="Confirm your email address" lead="It takes a moment." footer={footer}>
      {token === null ? <NoToken>{null}</NoToken> : <Verification token={token} />}
    </EntryFrame>
  );
}

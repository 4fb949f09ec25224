import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { explain } from '@/shared/api/problem';
import { Button } from '@/shared/ui/button';

export function NotFoundPage() {
  return (
    <div className="mx-auto max-w-md py-16 text-center">
      <title>Page not found · CNOP</title>
      <p className="num text-sm font-medium text-muted">404</p>
      <h1 className="mt-1 text-xl font-semibold">This page does not exist</h1>
      <p className="mt-2 text-muted">The address may be mistyped, or the page has moved.</p>
      <div className="mt-6 flex justify-center gap-3">
        <Button asChild variant="primary">
          <Link to="/markets">Go to markets</Link>
        </Button>
      </div>
    </div>
  );
}

export function ErrorPage({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div role="alert" className="mx-auto max-w-md py-16 text-center">
      <title>Something went wrong · CNOP</title>
      <h1 className="text-xl font-semibold">Something went wrong</h1>
      <p className="mt-2 text-muted">{explain(error)}</p>
      <div className="mt-6 flex justify-center gap-3">
        <Button variant="primary" onClick={() => void router.invalidate()}>
          Try again
        </Button>
        <Button asChild>
          <a href="/">Start over</a>
        </Button>
      </div>
    </div>
  );
}

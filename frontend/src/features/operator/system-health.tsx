import { useQuery } from '@tanstack/react-query';
import { keys } from '@/shared/api/keys';
import { ServerUnreachable } from '@/shared/api/problem';
import { inWords } from '@/shared/in-words';
import { formatDateTime } from '@/shared/time';
import { Badge, type Tone } from '@/shared/ui/badge';
import { Card } from '@/shared/ui/card';
import { FailedState, LoadingRows } from '@/shared/ui/states';

const INTERVAL_MS = 5_000;
const TONES: Readonly<Record<string, Tone>> = { healthy: 'positive', degraded: 'warning', unhealthy: 'negative' };

/** What people do by a service, and cannot while it is away. */
const DUTIES: Readonly<Record<string, string>> = {
  user_service: 'Log in, deposit and withdraw, security settings',
  inventory_service: 'Assets, live prices and their history',
  order_service: 'Place and cancel orders, portfolio',
};

interface Health {
  readonly status: string;
  readonly version: string;
  readonly environment: string;
  readonly timestamp: string;
  readonly checks: Readonly<Record<string, string>>;
}

/** The gateway answers for all services, also with 503 when one of them is away; that is an answer, too. */
async function readHealth(signal: AbortSignal): Promise<Health> {
  try {
    const response = await fetch(new URL('/api/v1/health', globalThis.location.origin), { signal, cache: 'no-store' });
    return (await response.json()) as Health;
  } catch (error) {
    throw signal.aborted ? error : new ServerUnreachable(error);
  }
}

const useHealth = () => useQuery({ queryKey: [...keys.operator, 'health'], queryFn: ({ signal }) => readHealth(signal), refetchInterval: INTERVAL_MS, retry: false });

/** How the services are, asked for every few seconds. */
export function SystemHealth() {
  const health = useHealth();
  if (health.data === undefined || health.error !== null) {
    return <Card title="System health">{health.error === null ? <LoadingRows rows={3} label="Loading health" /> : <FailedState error={health.error} onRetry={() => void health.refetch()} />}</Card>;
  }
  const { status, checks, version, environment, timestamp } = health.data;
  return (
    <Card title="System health" action={<Badge tone={TONES[status] ?? 'neutral'}>{inWords(status)}</Badge>}>
      <ul aria-label="Services" className="divide-y divide-line">
        {Object.entries(checks).map(([service, state]) => (
          <li key={service} className="flex items-center justify-between gap-4 px-4 py-3 sm:px-5">
            <span>
              <span className="block font-medium">{inWords(service)}</span>
              {DUTIES[service] !== undefined && <span className="block text-sm text-muted">{DUTIES[service]}</span>}
            </span>
            <Badge tone={TONES[state] ?? 'neutral'}>{inWords(state)}</Badge>
          </li>
        ))}
      </ul>
      <p className="border-t border-line px-4 py-3 text-sm text-muted sm:px-5">
        Version {version} · environment {environment} · checked {formatDateTime(timestamp, { seconds: true })}, and again every few seconds
      </p>
    </Card>
  );
}

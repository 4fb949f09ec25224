import { useQuery } from '@tanstack/react-query';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { AuditChain } from '@/shared/api/types';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Notice } from '@/shared/ui/notice';
import { FailedState, Skeleton } from '@/shared/ui/states';

const INTERVAL_MS = 60_000;
const COUNT = new Intl.NumberFormat();

function useChain() {
  const api = useApi();
  return useQuery({
    queryKey: [...keys.operator, 'audit-chain'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/audit/chain', { signal })),
    refetchInterval: INTERVAL_MS,
  });
}

function Standing({ chain }: { chain: AuditChain }) {
  const examined = `The last ${COUNT.format(chain.examined_checkpoints)} of ${COUNT.format(chain.checkpoints)} checkpoints and ${COUNT.format(chain.examined_records)} records were verified just now.`;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">Chain</span>
        {chain.intact ? <Badge tone="positive">Intact</Badge> : <Badge tone="negative">Tampered with</Badge>}
        <span className="text-sm text-muted">
          {chain.sealed_at === null ? 'Nothing is sealed yet.' : `Sealed last ${formatDateTime(chain.sealed_at, { seconds: true })}. ${examined}`}
        </span>
      </div>
      {!chain.intact && (
        <Notice kind="error">
          {chain.faults.join('. ')}. Examine all of it with <code className="font-mono">cnop audit verify</code>.
        </Notice>
      )}
      {chain.head_mac !== '' && (
        <details className="text-sm text-muted">
          <summary className="w-fit rounded py-0.5 hover:text-text">Head of the chain</summary>
          <p className="mt-1">Note it elsewhere: it has to stay part of the chain for ever.</p>
          <code className="mt-1 block font-mono text-xs break-all text-text">{chain.head_mac}</code>
        </details>
      )}
    </>
  );
}

/** Whether the seals of the trail hold, asked for every minute. */
export function ChainStatus() {
  const chain = useChain();
  if (chain.data === undefined) return chain.error === null ? <div className="border-b border-line p-4 sm:px-5"><Skeleton className="h-6 w-72" /></div> : <FailedState error={chain.error} onRetry={() => void chain.refetch()} />;
  return (
    <section aria-label="Audit chain" className="space-y-2 border-b border-line p-4 sm:px-5">
      <Standing chain={chain.data} />
    </section>
  );
}

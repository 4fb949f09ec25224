import { useState } from 'react';
import { explain } from '@/shared/api/problem';
import type { SignedInDevice } from '@/shared/api/types';
import { formatDateTime } from '@/shared/time';
import { Ago } from '@/shared/ui/ago';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { useRevokeOthers, useRevokeSession, useSessions } from './security-actions';
import { Setting, Settings } from './setting';
import { deviceName } from '@/shared/security/wording';

function SessionLine({ session }: { session: SignedInDevice }) {
  const revoke = useRevokeSession();
  const announce = useToast();
  const device = deviceName(session.user_agent);
  const end = () => {
    revoke.mutate(session.session_id, {
      onSuccess: () => { announce('success', `${device} is logged out.`); },
      onError: (error) => { announce('error', explain(error)); },
    });
  };
  const action = session.current ? undefined : (
    <Button size="sm" aria-label={`Log out ${device}, signed in ${formatDateTime(session.created_at)}`} busy={revoke.isPending} onClick={end}>
      Log out
    </Button>
  );
  return (
    <Setting name={device} badge={session.current && <Badge tone="accent">This device</Badge>} action={action}>
      {session.address} · last used <Ago moment={session.last_used_at} /> · since {formatDateTime(session.created_at)}
    </Setting>
  );
}

/** Where one is logged in, and the way to end it elsewhere. */
export function SessionsCard() {
  const sessions = useSessions();
  const revokeOthers = useRevokeOthers();
  const announce = useToast();
  const [asking, setAsking] = useState(false);
  const others = sessions.data?.filter((session) => !session.current).length ?? 0;
  const action = others > 0 && <Button size="sm" onClick={() => { setAsking(true); }}>Log out all others</Button>;
  return (
    <Card title="Devices" action={action}>
      {sessions.data === undefined ? (
        sessions.error === null ? <LoadingRows rows={2} label="Loading devices" /> : <FailedState error={sessions.error} onRetry={() => void sessions.refetch()} />
      ) : (
        <div className="max-h-[32rem] overflow-y-auto">
          <Settings>
            {sessions.data.map((session) => (
              <SessionLine key={session.session_id} session={session} />
            ))}
          </Settings>
        </div>
      )}
      <ConfirmDialog
        open={asking}
        title="Log out all other devices"
        verb="Log them out"
        act={async () => {
          await revokeOthers.mutateAsync(undefined);
          announce('success', 'All other devices are logged out.');
        }}
        onClose={() => { setAsking(false); }}
      >
        {others === 1 ? 'One other session ends' : `${others} other sessions end`} at once. This device stays logged in.
      </ConfirmDialog>
    </Card>
  );
}

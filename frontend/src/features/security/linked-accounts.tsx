import { useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import { providerName, useIdentities, useProviders } from '@/shared/federation';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ConfirmDialog } from '@/shared/ui/confirm-dialog';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { useBeginLink, useUnlink } from './security-actions';
import { Setting, Settings } from './setting';

function ProviderLine({ provider, linked, onUnlink }: { provider: string; linked: boolean; onUnlink: () => void }) {
  const begin = useBeginLink();
  const announce = useToast();
  const name = providerName(provider);
  const link = () => {
    begin.mutate(provider, {
      onSuccess: (address) => { globalThis.location.assign(address); },
      onError: (error) => {
        if (!(error instanceof StepUpDeclined)) announce('error', explain(error));
      },
    });
  };
  const action = linked ? (
    <Button size="sm" aria-label={`Unlink ${name}`} onClick={onUnlink}>
      Unlink
    </Button>
  ) : (
    <Button size="sm" aria-label={`Link ${name}`} busy={begin.isPending} onClick={link}>
      Link
    </Button>
  );
  return (
    <Setting name={name} badge={linked ? <Badge tone="positive">Linked</Badge> : <Badge>Not linked</Badge>} action={action}>
      {linked ? `You can log in with ${name}.` : `Link it to log in with ${name}, too.`}
    </Setting>
  );
}

/** Accounts elsewhere that one can log in with; nothing where the installation knows no provider. */
export function LinkedAccountsCard() {
  const providers = useProviders();
  const identities = useIdentities();
  const unlink = useUnlink();
  const announce = useToast();
  const [leaving, setLeaving] = useState<string | null>(null);
  const linked = identities.data;
  // One that the installation knows no more can still be taken off.
  const shown = [...new Set([...(providers.data ?? []), ...(linked ?? [])])];
  if (shown.length === 0) return null;
  return (
    <Card title="Linked accounts">
      {linked === undefined ? (
        identities.error === null ? <LoadingRows rows={1} label="Loading linked accounts" /> : <FailedState error={identities.error} onRetry={() => void identities.refetch()} />
      ) : (
        <Settings>
          {shown.map((provider) => (
            <ProviderLine key={provider} provider={provider} linked={linked.includes(provider)} onUnlink={() => { setLeaving(provider); }} />
          ))}
        </Settings>
      )}
      <ConfirmDialog
        open={leaving !== null}
        title="Unlink account"
        verb="Unlink"
        act={async () => {
          if (leaving === null) return;
          await unlink.mutateAsync(leaving);
          announce('success', `${providerName(leaving)} is unlinked.`);
        }}
        onClose={() => { setLeaving(null); }}
      >
        Your account at {providerName(leaving ?? '')} will no longer log you in. Where you are logged in now, you stay so.
      </ConfirmDialog>
    </Card>
  );
}

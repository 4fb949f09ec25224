import { explain, StepUpDeclined } from '@/shared/api/problem';
import { providerName, useProviders } from '@/shared/federation';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { useBeginLink, useIdentities } from './security-actions';
import { Setting, Settings } from './setting';

function ProviderLine({ provider, linked }: { provider: string; linked: boolean }) {
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
  const action = linked ? undefined : (
    <Button size="sm" aria-label={`Link ${name}`} busy={begin.isPending} onClick={link}>
      Link
    </Button>
  );
  return (
    <Setting name={name} badge={linked ? <Badge tone="positive">Linked</Badge> : <Badge>Not linked</Badge>} action={action}>
      {linked ? `You can log in with ${name}.` : `Log in with ${name} in place of your password.`}
    </Setting>
  );
}

/** Accounts elsewhere that one can log in with; nothing where the installation knows no provider. */
export function LinkedAccountsCard() {
  const providers = useProviders();
  const identities = useIdentities();
  if (providers.data === undefined || providers.data.length === 0) return null;
  const linked = identities.data;
  return (
    <Card title="Linked accounts">
      {linked === undefined ? (
        identities.error === null ? <LoadingRows rows={1} label="Loading linked accounts" /> : <FailedState error={identities.error} onRetry={() => void identities.refetch()} />
      ) : (
        <Settings>
          {providers.data.map((provider) => (
            <ProviderLine key={provider} provider={provider} linked={linked.includes(provider)} />
          ))}
        </Settings>
      )}
    </Card>
  );
}

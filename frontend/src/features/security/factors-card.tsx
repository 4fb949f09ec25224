import { useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Factors } from '@/shared/api/types';
import { useFactors } from '@/shared/step-up/step-up-actions';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Dialog } from '@/shared/ui/dialog';
import { FailedState, LoadingRows } from '@/shared/ui/states';
import { useToast } from '@/shared/ui/toasts';
import { AuthenticatorSetting } from './authenticator';
import { PasskeyCard } from './passkey-list';
import { RecoveryCodes } from './recovery-codes';
import { useRenewRecoveryCodes } from './security-actions';
import { Setting, Settings } from './setting';

const FEW = 3;

function RecoverySetting({ factors, onCodes }: { factors: Factors; onCodes: (codes: readonly string[]) => void }) {
  const renew = useRenewRecoveryCodes();
  const announce = useToast();
  const left = factors.recovery_codes_left;
  const ask = () => {
    renew.mutate(undefined, {
      onSuccess: onCodes,
      onError: (error) => {
        if (!(error instanceof StepUpDeclined)) announce('error', explain(error));
      },
    });
  };
  return (
    <Setting
      name="Recovery codes"
      badge={<Badge tone={left < FEW ? 'warning' : 'neutral'}>{left} left</Badge>}
      action={<Button size="sm" busy={renew.isPending} onClick={ask}>Make new ones</Button>}
    >
      For the day when your other factor is out of reach. New ones replace the old.
    </Setting>
  );
}

/** Second factors: the app, passkeys, and the codes for when both are out of reach. */
export function FactorCards() {
  const factors = useFactors();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  return (
    <>
      <Card title="Two-step login">
        {factors.data === undefined ? (
          factors.error === null ? <LoadingRows rows={1} label="Loading second factors" /> : <FailedState error={factors.error} onRetry={() => void factors.refetch()} />
        ) : (
          <Settings>
            <AuthenticatorSetting factors={factors.data} onCodes={setCodes} />
            {(factors.data.totp || factors.data.passkeys) && <RecoverySetting factors={factors.data} onCodes={setCodes} />}
          </Settings>
        )}
      </Card>
      <PasskeyCard onCodes={setCodes} />
      <Dialog open={codes !== null} title="Recovery codes" onOpenChange={(open) => { if (!open) setCodes(null); }}>
        {codes !== null && <RecoveryCodes codes={codes} onDone={() => { setCodes(null); }} />}
      </Dialog>
    </>
  );
}

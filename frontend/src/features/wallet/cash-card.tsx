import { useState } from 'react';
import { useBalance } from '@/shared/api/queries';
import { isZero, parseDecimal } from '@/shared/money/decimal';
import { formatMoney } from '@/shared/money/format';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { ArrowDownIcon, ArrowUpIcon } from '@/shared/ui/icons';
import { FailedState, Skeleton } from '@/shared/ui/states';
import type { CashMove } from './cash-actions';
import { CashDialog } from './cash-dialog';

function HeldNote({ held, available }: { held: string; available: string }) {
  const [amount, free] = [parseDecimal(held), parseDecimal(available)];
  if (amount === null || isZero(amount)) return free === null || isZero(free) ? <>Deposit cash to start trading.</> : <>All of it is available to trade.</>;
  return <>{formatMoney(amount)} is held for open orders.</>;
}

/** Available cash with the two ways to change it. */
export function CashCard() {
  const [move, setMove] = useState<CashMove | null>(null);
  const balance = useBalance();
  return (
    <Card title="Cash" className="flex flex-col">
      {balance.error !== null && balance.data === undefined ? (
        <FailedState error={balance.error} onRetry={() => void balance.refetch()} />
      ) : (
        <div className="flex flex-1 flex-col gap-4 p-4 sm:p-5">
          <div>
            <p className="text-sm text-muted">Available</p>
            {balance.data === undefined ? (
              <Skeleton className="mt-1 h-8 w-40" />
            ) : (
              <p className="num text-xl font-semibold">
                {formatMoney(balance.data.available_balance)}
              </p>
            )}
            <p className="mt-1 text-sm text-muted">{balance.data === undefined ? ' ' : <HeldNote held={balance.data.held_balance} available={balance.data.available_balance} />}</p>
          </div>
          <div className="mt-auto grid grid-cols-2 gap-3">
            <Button variant="primary" onClick={() => { setMove('deposit'); }}>
              <ArrowDownIcon /> Deposit
            </Button>
            <Button onClick={() => { setMove('withdraw'); }}>
              <ArrowUpIcon /> Withdraw
            </Button>
          </div>
        </div>
      )}
      <CashDialog move={move} onClose={() => { setMove(null); }} />
    </Card>
  );
}

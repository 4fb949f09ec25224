import { type SubmitEvent, useState } from 'react';
import { UNCERTAIN, uncertainty, useIntentKey } from '@/shared/api/idempotency';
import { explain } from '@/shared/api/problem';
import { useBalance } from '@/shared/api/queries';
import { compare, decimal, divide, isPositive, multiply, parseDecimal, toText } from '@/shared/money/decimal';
import { formatMoney } from '@/shared/money/format';
import { exampleOf, typedText } from '@/shared/money/typed';
import { formatDateTime } from '@/shared/time';
import { Button } from '@/shared/ui/button';
import { Dialog, useHeldOpen } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { type CashMove, useCashLimits, useMoveCash } from './cash-actions';
import { type CashRules, checkAmount, rulesFor } from './cash-amount';

const WORDS = {
  deposit: { title: 'Deposit cash', done: 'Deposited', verb: 'Deposit' },
  withdraw: { title: 'Withdraw cash', done: 'Withdrew', verb: 'Withdraw' },
} as const;

const SUGGESTED = ['100', '500', '1000', '5000'] as const;

/** A sum that was sent, and the key that it goes by. */
interface Attempt {
  readonly typed: string;
  readonly idempotencyKey: string;
}

interface CashDialogProps {
  move: CashMove | null;
  onClose: () => void;
}

/** Deposit or withdrawal, whichever `move` says; closed when it is null. */
export function CashDialog({ move, onClose }: CashDialogProps) {
  const [last, setLast] = useState<CashMove>('deposit');
  const [unanswered, setUnanswered] = useState<Attempt | null>(null);
  if (move !== null && move !== last) {
    setLast(move);
    setUnanswered(null);
  }
  return (
    <Dialog
      open={move !== null}
      title={WORDS[move ?? last].title}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <CashForm move={move ?? last} unanswered={unanswered} onUnanswered={setUnanswered} onDone={onClose} />
    </Dialog>
  );
}

interface AmountShortcutsProps {
  move: CashMove;
  rules: CashRules;
  onPick: (amount: string) => void;
}

function AmountShortcuts({ move, rules: { available, leftToday }, onPick }: AmountShortcutsProps) {
  return (
    <div className="flex flex-wrap gap-2" role="group" aria-label="Suggested sums">
      {SUGGESTED.map((amount) => (
        <Button key={amount} size="sm" disabled={leftToday !== null && compare(decimal(amount), leftToday) > 0} onClick={() => { onPick(amount); }}>
          {formatMoney(amount).replace(/[.,]00(?=\D*$)/, '')}
        </Button>
      ))}
      {move === 'withdraw' && available !== null && (
        <Button size="sm" onClick={() => { onPick(typedText(available)); }}>
          All
        </Button>
      )}
    </div>
  );
}

/** The day's cap, and how much of it is used up. */
function TodaysLimit({ move, rules: { perDay, leftToday }, resetsAt }: { move: CashMove; rules: CashRules; resetsAt: string }) {
  if (perDay === null || leftToday === null || !isPositive(perDay)) return null;
  const used = 100 - Number(toText(divide(multiply(leftToday, decimal('100')), perDay, 0, 'down')));
  return (
    <div className="rounded-lg bg-sunken p-3 text-sm">
      <p className="flex justify-between gap-3">
        <span>{formatMoney(leftToday)} left today</span>
        <span className="text-muted">of {formatMoney(perDay)}</span>
      </p>
      <div aria-hidden="true" className="mt-2 h-1.5 overflow-hidden rounded-full bg-line forced-color-adjust-none">
        <div className="h-full bg-accent-solid" style={{ width: `${used}%` }} />
      </div>
      <p className="mt-2 text-xs text-muted">
        The limit for {move === 'deposit' ? 'deposits' : 'withdrawals'} resets {formatDateTime(resetsAt)}.
      </p>
    </div>
  );
}

interface CashFormProps {
  move: CashMove;
  /** The last attempt, where it ended without an answer: sent again as it was, it counts only once. */
  unanswered: Attempt | null;
  onUnanswered: (attempt: Attempt | null) => void;
  onDone: () => void;
}

function CashForm({ move, unanswered, onUnanswered, onDone }: CashFormProps) {
  const [typed, setTyped] = useState(unanswered?.typed ?? '');
  const [mistake, setMistake] = useState<string>();
  const balance = useBalance();
  const announce = useToast();
  const moveCash = useMoveCash(move);
  const freshKey = useIntentKey(`${move} ${typed}`);
  const idempotencyKey = unanswered?.idempotencyKey ?? freshKey;
  const available = balance.data === undefined ? null : parseDecimal(balance.data.available_balance);
  const limits = useCashLimits().data;
  useHeldOpen(moveCash.isPending);
  const rules = rulesFor(move, limits, available);
  const words = WORDS[move];

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const checked = checkAmount(typed, rules);
    setMistake(checked.ok ? undefined : checked.mistake);
    if (!checked.ok) return;
    moveCash.mutate(
      { amount: checked.amount, idempotencyKey },
      {
        onSuccess: (moved) => {
          onUnanswered(null);
          announce('success', `${words.done} ${formatMoney(moved.amount)}. Your cash is now ${formatMoney(moved.balance)}.`);
          onDone();
        },
        onError: (error) => {
          onUnanswered(uncertainty(error) === null ? null : { typed, idempotencyKey });
        },
      },
    );
  };

  const edit = (value: string) => {
    setTyped(value);
    setMistake(undefined);
    onUnanswered(null);
  };

  return (
    <form onSubmit={submit} noValidate aria-label={words.title} className="space-y-4">
      {moveCash.error !== null && unanswered === null && <Notice kind="error">{explain(moveCash.error)}</Notice>}
      {unanswered !== null && <Notice kind="error">{UNCERTAIN}</Notice>}
      <Field
        label="Amount"
        name="amount"
        inputMode="decimal"
        autoComplete="off"
        placeholder={exampleOf('0.00')}
        suffix="USD"
        aside={available === null ? undefined : `Available ${formatMoney(available)}`}
        value={typed}
        error={mistake}
        readOnly={moveCash.isPending}
        className="num"
        onChange={(event) => { edit(event.target.value); }}
      />
      <AmountShortcuts move={move} rules={rules} onPick={edit} />
      {limits !== undefined && <TodaysLimit move={move} rules={rules} resetsAt={limits.resets_at} />}
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={moveCash.isPending}>
        {words.verb}
      </Button>
    </form>
  );
}

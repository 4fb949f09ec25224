import { focusManager, useQuery } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import { useApi } from '@/shared/services';
import { answered, nextShown, NO_QUOTE, pauseAfter, questionOf, type Quote, type ShownQuote, unanswered } from './quote';
import { checkTicket, type Market, type NewOrder, type Ticket } from './ticket';

/** Nobody is asked before the person has stopped typing for this long. */
const CALM_MS = 400;
const PATIENCE_MS = 8_000;

/** Ends with a signal, or when nobody waits any longer. */
async function withPatience<Result>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const patience = new AbortController();
  const giveUp = () => {
    patience.abort();
  };
  const timer = setTimeout(giveUp, PATIENCE_MS);
  signal.addEventListener('abort', giveUp);
  try {
    return await ask(patience.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** A value once it has stayed the same for a while; until then what it was before. */
function useSettled<Value>(value: Value, calmMs: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(value);
    }, calmMs);
    return () => {
      clearTimeout(timer);
    };
  }, [value, calmMs]);
  return settled;
}

const useIsInSight = (): boolean =>
  useSyncExternalStore(
    (onChange) => focusManager.subscribe(onChange),
    () => focusManager.isFocused(),
  );

function useAnswer(question: string | null, order: NewOrder | null, paused: boolean): Quote | undefined {
  const api = useApi();
  const inSight = useIsInSight();
  const { data } = useQuery({
    queryKey: keys.orderQuote(question),
    queryFn: async ({ signal }): Promise<Quote> => {
      if (order === null) throw new RangeError('no order, no quote');
      try {
        const reply = await withPatience(signal, (patient) => unwrap(api.POST('/api/v1/orders/preview', { body: order, signal: patient })));
        return answered(reply.data);
      } catch (error) {
        if (signal.aborted) throw error;
        // Trouble is an answer, too: it stays in place while the same is asked again.
        return unanswered(error);
      }
    },
    enabled: question !== null && inSight && !paused,
    refetchInterval: (query) => pauseAfter(query.state.data),
    refetchOnWindowFocus: false,
    staleTime: pauseAfter(undefined),
    // Without a connection, too, the person hears that there is no answer.
    networkMode: 'always',
    retry: false,
    gcTime: 0,
  });
  return data;
}

/** What a ticket would cost, by the server's word, while it is filled in; `isComing` while newer figures are on their way. */
export function useQuote(ticket: Ticket, market: Market, { paused }: { paused: boolean }): ShownQuote & { readonly isComing: boolean } {
  const checked = checkTicket(ticket, market);
  const question = questionOf(ticket, checked);
  const settled = useSettled(question, CALM_MS);
  // While the person types, the question that they have left is asked no longer.
  const asked = question === settled ? question : null;
  const answer = useAnswer(asked, checked.ok ? checked.order : null, paused);
  const [shown, setShown] = useState<ShownQuote>(NO_QUOTE);
  const next = nextShown(shown, question, asked === null ? undefined : answer, market.asset.symbol);
  if (next !== shown) setShown(next);
  return { ...next, isComing: question !== null && next.question !== question };
}

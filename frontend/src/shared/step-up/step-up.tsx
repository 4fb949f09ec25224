import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { isProblem, StepUpDeclined } from '@/shared/api/problem';
import { Dialog } from '@/shared/ui/dialog';
import { ProofForm } from './proof-form';

/** Runs an act and, where the server wants to be sure who asks for it, has that proven first. */
export type WithStepUp = <Result>(act: () => Promise<Result>) => Promise<Result>;

const StepUpContext = createContext<WithStepUp>((act) => act());

export const useStepUp = (): WithStepUp => useContext(StepUpContext);

interface Question {
  readonly answer: (proven: boolean) => void;
}

/** Asks the person to prove again who they are, whenever an act below needs it. */
export function StepUpProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const open = useRef<Promise<boolean> | null>(null);

  const ask = useCallback((): Promise<boolean> => {
    open.current ??= new Promise<boolean>((resolve) => {
      const answer = (proven: boolean) => {
        open.current = null;
        setQuestion(null);
        resolve(proven);
      };
      setQuestion({ answer });
    });
    return open.current;
  }, []);

  const withStepUp = useCallback<WithStepUp>(
    async (act) => {
      try {
        return await act();
      } catch (error) {
        if (!isProblem(error, 'PERM_002')) throw error;
      }
      if (!(await ask())) throw new StepUpDeclined();
      return act();
    },
    [ask],
  );

  return (
    <StepUpContext value={withStepUp}>
      {children}
      <Dialog
        open={question !== null}
        title="Confirm that it is you"
        description="This is a sensitive change, so we ask once more. It then holds for five minutes."
        onOpenChange={(isOpen) => {
          if (!isOpen) question?.answer(false);
        }}
      >
        {question !== null && <ProofForm onProven={() => { question.answer(true); }} />}
      </Dialog>
    </StepUpContext>
  );
}

import { useEffect, useState } from 'react';
import type { PasswordAdvice } from './password-advice';

const GRADES = ['Very weak', 'Weak', 'Fair', 'Strong', 'Very strong'] as const;
const FILL = ['bg-negative-solid', 'bg-negative-solid', 'bg-warning', 'bg-positive-solid', 'bg-positive-solid'] as const;

interface PasswordMeterProps {
  password: string;
  personal: readonly string[];
}

function useAdvice({ password, personal }: PasswordMeterProps): PasswordAdvice | null {
  const [advise, setAdvise] = useState<((password: string, personal: readonly string[]) => PasswordAdvice) | null>(null);
  useEffect(() => {
    let wanted = true;
    // Loaded when somebody registers, not with the first page.
    void import('./password-advice').then((module) => {
      if (wanted) setAdvise(() => module.advise);
    });
    return () => {
      wanted = false;
    };
  }, []);
  return advise === null || password === '' ? null : advise(password, personal);
}

/** Live advice under a new password: a grade, and the reasons for it. */
export function PasswordMeter(props: PasswordMeterProps) {
  const advice = useAdvice(props);
  if (advice === null) return <span>14 characters or more. Several unrelated words work well.</span>;
  const { score, reasons } = advice;
  return (
    <div>
      <div className="flex items-center gap-3">
        <div className="flex flex-1 gap-1" aria-hidden="true">
          {[1, 2, 3, 4].map((step) => (
            <span key={step} className={`h-1 flex-1 rounded-full transition-colors forced-color-adjust-none ${step <= Math.max(score, 1) ? (FILL[score] ?? '') : 'bg-line'}`} />
          ))}
        </div>
        <span role="status" className="w-20 text-right text-xs font-medium text-text">
          <span className="sr-only">Password strength: </span>
          {GRADES[score]}
        </span>
      </div>
      <ul className="mt-1.5 space-y-0.5">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </div>
  );
}

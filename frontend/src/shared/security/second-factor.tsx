import type { FieldErrors } from '@/shared/forms';
import { CodeField } from '@/shared/ui/code-field';
import { Field } from '@/shared/ui/field';

export type Factor = 'otp' | 'recovery_code';

interface SecondFactorProps {
  second: Factor;
  values: Record<Factor, string>;
  errors: FieldErrors<Factor>;
  edit: (name: Factor) => (value: string) => void;
  /** Left out where there is nothing to choose. */
  onSwitch?: ((second: Factor) => void) | undefined;
}

/** Asks for a code of the authenticator app, or for a recovery code instead. */
export function SecondFactor({ second, values, errors, edit, onSwitch }: SecondFactorProps) {
  const other = second === 'otp' ? 'recovery_code' : 'otp';
  return (
    <div className="space-y-2">
      {second === 'otp' ? (
        <CodeField key="otp" label="Authentication code" name="otp" value={values.otp} error={errors.otp} onEdit={edit('otp')} />
      ) : (
        <Field key="recovery" label="Recovery code" name="recovery_code" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={40} value={values.recovery_code} error={errors.recovery_code} onChange={(event) => { edit('recovery_code')(event.target.value); }} />
      )}
      {onSwitch !== undefined && (
        <button type="button" className="rounded py-0.5 text-sm text-accent hover:underline" onClick={() => { onSwitch(other); }}>
          {second === 'otp' ? 'Use a recovery code instead' : 'Use the authenticator app instead'}
        </button>
      )}
    </div>
  );
}

export function factorMistake(second: Factor, value: string): FieldErrors<Factor> {
  if (second === 'otp' && !/^\d{6}$/.test(value.trim())) return { otp: 'Enter the six digits of the code.' };
  return second === 'recovery_code' && value.trim() === '' ? { recovery_code: 'Enter one of your recovery codes.' } : {};
}

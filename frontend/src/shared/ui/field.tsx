import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react';
import { classes } from './classes';
import { ChevronDownIcon } from './icons';

export const INPUT =
  'h-11 w-full rounded-lg border border-line-strong bg-surface px-3 text-text outline-offset-0 ' +
  'aria-invalid:border-negative focus:border-accent disabled:opacity-60';

export interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Sits inside the input at its end: a unit, or a button. */
  suffix?: ReactNode;
  /** Sits beside the label at the line's end. */
  aside?: ReactNode;
}

/** A labelled input whose hint and error are announced with it. */
export function Field({ label, hint, error, suffix, aside, className, ...input }: FieldProps) {
  const id = useId();
  const noted = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={className}>
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {aside !== undefined && <span className="text-xs text-muted">{aside}</span>}
      </div>
      <div className="relative">
        <input
          id={id}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={noted === '' ? undefined : noted}
          className={classes(INPUT, suffix !== undefined && 'pr-16')}
          {...input}
        />
        {suffix !== undefined && <div className="absolute inset-y-0 right-0 flex items-center pr-3 text-sm text-muted">{suffix}</div>}
      </div>
      {error !== undefined && (
        <p id={`${id}-error`} className="mt-1.5 text-sm text-negative">
          {error}
        </p>
      )}
      {hint !== undefined && (
        <div id={`${id}-hint`} className="mt-1.5 text-sm text-muted">
          {hint}
        </div>
      )}
    </div>
  );
}

interface LabelledSelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id' | 'onChange'> {
  label: string;
  hint?: ReactNode;
  options: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
}

/** A select with a visible label, for forms. */
export function LabelledSelect({ label, hint, options, onChoose, className, ...select }: LabelledSelectProps) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      <div className="relative">
        <select
          id={id}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          className={classes(INPUT, 'appearance-none pr-9')}
          onChange={(event) => {
            onChoose(event.target.value);
          }}
          {...select}
        >
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <ChevronDownIcon className="pointer-events-none absolute top-3.5 right-3 size-4 text-muted" />
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="mt-1.5 text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

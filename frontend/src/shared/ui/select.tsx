import { type SelectHTMLAttributes, useId } from 'react';
import { ChevronDownIcon } from './icons';

interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id' | 'onChange'> {
  label: string;
  options: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
}

/** The platform's own select: complete on keyboards, phones and screen readers. */
export function Select({ label, options, onChoose, className = '', ...select }: SelectProps) {
  const id = useId();
  return (
    <div className={`relative ${className}`}>
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <select
        id={id}
        className="h-10 w-full appearance-none rounded-lg border border-line-strong bg-surface pr-9 pl-3 text-sm text-text"
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
      <ChevronDownIcon className="pointer-events-none absolute top-3 right-3 size-4 text-muted" />
    </div>
  );
}

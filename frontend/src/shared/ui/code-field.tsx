import { Field } from './field';

const DIGITS = 6;
/** What apps and letters group the digits of a code by. */
const GROUPING = /[\s\p{Dash_Punctuation}]/gu;

interface CodeFieldProps {
  label: string;
  name: string;
  value: string;
  error: string | undefined;
  onEdit: (code: string) => void;
}

/** The field for a one-time code, which people paste with the spaces that their app shows. */
export function CodeField({ label, name, value, error, onEdit }: CodeFieldProps) {
  // The browser's own `maxLength` would cut what is pasted before the spaces are taken out.
  return (
    <Field
      label={label}
      name={name}
      inputMode="numeric"
      autoComplete="one-time-code"
      value={value}
      error={error}
      onChange={(event) => { onEdit(event.target.value.replaceAll(GROUPING, '').slice(0, DIGITS)); }}
    />
  );
}

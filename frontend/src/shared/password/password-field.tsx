import { type ComponentProps, useState } from 'react';
import { EyeIcon, EyeOffIcon } from '@/shared/ui/icons';
import { Field } from '@/shared/ui/field';

type PasswordFieldProps = Omit<ComponentProps<typeof Field>, 'type' | 'suffix'>;

/** A password input that can be shown, because seeing it beats typing it twice. */
export function PasswordField(props: PasswordFieldProps) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOffIcon : EyeIcon;
  return (
    <Field
      {...props}
      type={shown ? 'text' : 'password'}
      spellCheck={false}
      autoCapitalize="none"
      suffix={
        <button
          type="button"
          aria-label={shown ? 'Hide password' : 'Show password'}
          aria-pressed={shown}
          className="-mr-1.5 rounded-md p-1.5 hover:text-text"
          onClick={() => {
            setShown(!shown);
          }}
        >
          <Icon className="size-5" />
        </button>
      }
    />
  );
}

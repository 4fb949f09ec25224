import * as ToggleGroup from '@radix-ui/react-toggle-group';
import { classes } from './classes';

interface SegmentedProps<Value extends string> {
  label: string;
  value: Value;
  /** Value, what is shown and, where that is too short to be read out, what is spoken. */
  options: readonly (readonly [value: Value, text: string, spoken?: string])[];
  onChange: (value: Value) => void;
  size?: 'sm' | 'md';
  className?: string;
}

const SIZES = { sm: 'px-2 py-1 text-xs sm:px-2.5', md: 'h-8 flex-1 px-3 text-sm' } as const;

/** A choice of one among a few, all of them in sight. */
export function Segmented<Value extends string>({ label, value, options, onChange, size = 'md', className }: SegmentedProps<Value>) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      className={classes('flex gap-0.5 rounded-lg bg-sunken p-0.5', className)}
      onValueChange={(chosen) => {
        const known = options.find(([name]) => name === chosen);
        if (known !== undefined) onChange(known[0]);
      }}
    >
      {options.map(([name, text, spoken]) => (
        <ToggleGroup.Item
          key={name}
          value={name}
          aria-label={spoken}
          className={classes(
            SIZES[size],
            'rounded-md font-medium whitespace-nowrap text-muted hover:text-text data-[state=on]:bg-surface data-[state=on]:text-text data-[state=on]:shadow-sm',
          )}
        >
          {text}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

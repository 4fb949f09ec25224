import * as ToggleGroup from '@radix-ui/react-toggle-group';
import type { Side } from './ticket';

const SIDES = [
  ['buy', 'Buy', 'data-[state=on]:bg-positive-solid data-[state=on]:text-on-positive'],
  ['sell', 'Sell', 'data-[state=on]:bg-negative-solid data-[state=on]:text-on-negative'],
] as const;

export function SideToggle({ side, onChange }: { side: Side; onChange: (side: Side) => void }) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label="Side"
      value={side}
      className="grid grid-cols-2 gap-1 rounded-lg bg-sunken p-1"
      onValueChange={(chosen) => {
        if (chosen === 'buy' || chosen === 'sell') onChange(chosen);
      }}
    >
      {SIDES.map(([value, text, look]) => (
        <ToggleGroup.Item key={value} value={value} className={`h-9 rounded-md text-base font-medium text-muted hover:text-text ${look}`}>
          {text}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

import { useId } from 'react';

interface CheckChoiceProps {
  name: string;
  /** What choosing it means. */
  meaning: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** Something that can be chosen or not, with what that means. */
export function CheckChoice({ name, meaning, checked, onChange }: CheckChoiceProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-3 rounded-lg px-2 py-2">
      <input
        id={id}
        type="checkbox"
        aria-describedby={`${id}-meaning`}
        className="mt-1 size-4 accent-accent-solid"
        checked={checked}
        onChange={(event) => { onChange(event.target.checked); }}
      />
      <div>
        <label htmlFor={id} className="block font-medium text-text">{name}</label>
        <p id={`${id}-meaning`} className="text-sm text-muted">{meaning}</p>
      </div>
    </div>
  );
}

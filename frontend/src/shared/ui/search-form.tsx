import { type SubmitEvent, useState } from 'react';
import { Button } from './button';
import { INPUT } from './field';
import { SearchIcon } from './icons';

interface SearchFormProps {
  label: string;
  placeholder: string;
  value: string;
  onSearch: (text: string) => void;
}

/** A search that runs when it is sent, not at every letter. A new `value` from outside takes the place of what is typed. */
export function SearchForm(props: SearchFormProps) {
  return <Inner key={props.value} {...props} />;
}

function Inner({ label, placeholder, value, onSearch }: SearchFormProps) {
  const [typed, setTyped] = useState(value);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSearch(typed.trim());
  };
  return (
    <form role="search" onSubmit={submit} className="flex min-w-0 flex-1 gap-2">
      <div className="relative min-w-0 flex-1 sm:max-w-96">
        <SearchIcon className="pointer-events-none absolute top-3 left-3 size-4 text-muted" />
        <input
          type="search"
          aria-label={label}
          placeholder={placeholder}
          autoCapitalize="none"
          spellCheck={false}
          className={`${INPUT} h-10! pl-9 text-sm`}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
          }}
        />
      </div>
      <Button type="submit" className="h-10 text-sm">
        Search
      </Button>
    </form>
  );
}

import { useId, useState } from 'react';
import { explain } from '@/shared/api/problem';
import type { DayRange } from '@/shared/day-range';
import { Button } from './button';
import { DownloadIcon } from './icons';
import { useToast } from './toasts';

interface DayFieldProps {
  label: string;
  value: string;
  onChange: (day: string) => void;
}

function DayField({ label, value, onChange }: DayFieldProps) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1 sm:flex-row sm:items-center sm:gap-2">
      <label htmlFor={id} className="text-sm text-muted">
        {label}
      </label>
      <input
        id={id}
        type="date"
        value={value}
        className="h-10 w-full min-w-0 rounded-lg border border-line-strong bg-surface px-2.5 text-sm text-text sm:w-38"
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    </div>
  );
}

/** Two days between which a list is shown. */
export function DayRangeFields({ range, onChange }: { range: DayRange; onChange: (range: DayRange) => void }) {
  return (
    <div className="col-span-2 grid grid-cols-2 gap-3 sm:flex">
      <DayField label="From" value={range.from} onChange={(from) => { onChange({ ...range, from }); }} />
      <DayField label="To" value={range.to} onChange={(to) => { onChange({ ...range, to }); }} />
    </div>
  );
}

/** Starts an export, and says when it failed. */
export function ExportButton({ onExport }: { onExport: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const announce = useToast();
  const run = async () => {
    setBusy(true);
    try {
      await onExport();
    } catch (error) {
      announce('error', `Nothing was exported. ${explain(error)}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button className="h-10 text-sm sm:ml-auto" busy={busy} onClick={() => void run()}>
      {!busy && <DownloadIcon />} Export CSV
    </Button>
  );
}

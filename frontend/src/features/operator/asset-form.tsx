import { type SubmitEvent, useState } from 'react';
import { explain, StepUpDeclined } from '@/shared/api/problem';
import type { Asset } from '@/shared/api/types';
import { type FieldErrors, focusFirstInvalid, hasErrors, serverFieldErrors } from '@/shared/forms';
import { toText } from '@/shared/money/decimal';
import { exampleOf, howToType, readTyped, typedFrom } from '@/shared/money/typed';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/notice';
import { useToast } from '@/shared/ui/toasts';
import { useChangeAsset, useCreateAsset } from './asset-actions';

const FIELDS = ['asset_id', 'name', 'category', 'description', 'scale', 'min_quantity', 'max_quantity'] as const;
type Name = (typeof FIELDS)[number];
type Values = Record<Name, string>;

const LABELS: Record<Name, string> = {
  asset_id: 'Symbol',
  name: 'Name',
  category: 'Category',
  description: 'Description',
  scale: 'Decimals of a quantity',
  min_quantity: 'Smallest order',
  max_quantity: 'Largest order',
};

const NEW: Values = { asset_id: '', name: '', category: 'major', description: '', scale: '8', min_quantity: '0.001', max_quantity: '1000' };
const QUANTITIES = ['min_quantity', 'max_quantity'] as const;
/** What stays as it is once an asset is listed. */
const FIXED: readonly Name[] = ['asset_id', 'scale'];

const valuesOf = (asset: Asset): Values => ({
  asset_id: asset.asset_id,
  name: asset.name,
  category: asset.category,
  description: asset.description,
  scale: String(asset.scale),
  min_quantity: typedFrom(asset.min_quantity),
  max_quantity: typedFrom(asset.max_quantity),
});

/** The values with quantities as the API takes them. */
function sent(values: Values): Values {
  const plain = (text: string) => {
    const quantity = readTyped(text);
    return quantity === null ? text : toText(quantity);
  };
  return { ...values, min_quantity: plain(values.min_quantity), max_quantity: plain(values.max_quantity) };
}

function mistakesIn(values: Values): FieldErrors<Name> {
  const mistakes: FieldErrors<Name> = {};
  if (!/^[A-Za-z0-9]{1,10}$/.test(values.asset_id)) mistakes.asset_id = 'Use 1 to 10 letters and digits.';
  if (values.name.trim() === '') mistakes.name = 'Enter a name.';
  if (!/^[a-z0-9][a-z0-9-]{0,29}$/.test(values.category)) mistakes.category = 'Use small letters, digits and hyphens.';
  if (!/^[0-8]$/.test(values.scale)) mistakes.scale = 'Choose 0 to 8.';
  for (const name of QUANTITIES) {
    if (readTyped(values[name]) === null) mistakes[name] = howToType('0.25');
  }
  return mistakes;
}

function useSave(asset: Asset | null) {
  const create = useCreateAsset();
  const change = useChangeAsset();
  const save = (typed: Values, onSuccess: () => void) => {
    const values = sent(typed);
    if (asset === null) {
      create.mutate({ ...values, scale: Number(values.scale), image: '', is_active: true, rank: 0 }, { onSuccess });
      return;
    }
    const before = sent(valuesOf(asset));
    const patch = Object.fromEntries(FIELDS.filter((name) => !FIXED.includes(name) && values[name] !== before[name]).map((name) => [name, values[name]]));
    change.mutate({ assetId: asset.asset_id, patch }, { onSuccess });
  };
  return { save, busy: create.isPending || change.isPending, error: create.error ?? change.error };
}

/** An asset to be listed or, where one is given, changed. */
export function AssetForm({ asset, onDone }: { asset: Asset | null; onDone: () => void }) {
  const [values, setValues] = useState<Values>(asset === null ? { ...NEW, min_quantity: exampleOf(NEW.min_quantity) } : valuesOf(asset));
  const [mistakes, setMistakes] = useState<FieldErrors<Name>>({});
  const { save, busy, error } = useSave(asset);
  const announce = useToast();
  const told = serverFieldErrors(error, FIELDS);
  const errors = { ...told, ...mistakes };
  const shown = asset === null ? FIELDS : FIELDS.filter((name) => !FIXED.includes(name));

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const found = mistakesIn(values);
    setMistakes(found);
    if (hasErrors(found)) {
      focusFirstInvalid(form);
      return;
    }
    save(values, () => {
      announce('success', asset === null ? `${values.asset_id.toUpperCase()} is listed.` : `${asset.asset_id} is changed.`);
      onDone();
    });
  };

  return (
    <form aria-label="Asset" noValidate onSubmit={submit} className="space-y-4">
      {error !== null && !hasErrors(told) && !(error instanceof StepUpDeclined) && <Notice kind="error">{explain(error)}</Notice>}
      {shown.map((name) => (
        <Field
          key={name}
          label={LABELS[name]}
          name={name}
          autoComplete="off"
          value={values[name]}
          error={errors[name]}
          onChange={(event) => {
            setValues({ ...values, [name]: event.target.value });
            setMistakes({ ...mistakes, [name]: undefined });
          }}
        />
      ))}
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={busy}>
        {asset === null ? 'List asset' : 'Save'}
      </Button>
    </form>
  );
}

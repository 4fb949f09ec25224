import { type Decimal, parseDecimal, toText, trimmed } from './decimal';

interface Separators {
  readonly decimal: string;
  readonly group: string;
}

const known = new Map<string, Separators>();
const SAMPLE = 1_234_567.8;

/** The separators in which the page shows its numbers to the reader. */
function separators(locale = navigator.language): Separators {
  const found = known.get(locale);
  if (found !== undefined) return found;
  const parts = new Intl.NumberFormat(locale).formatToParts(SAMPLE);
  const part = (type: 'decimal' | 'group', otherwise: string) => parts.find((each) => each.type === type)?.value ?? otherwise;
  const made = { decimal: part('decimal', '.'), group: part('group', ',') };
  known.set(locale, made);
  return made;
}

// Spaces of all widths separate groups where a space does, and come along with what is pasted.
const SPACES = /[\s\u00a0\u202f]/g;
const AMOUNT = /^(-?)\$?\s?(.*?)\s?\$?$/;
const PLAIN = /^(\d*)\.?(\d*)$/;

/** The amount with its groups joined and a point before its decimals; null when it is not written like that. */
function ungrouped(text: string, { decimal, group }: Separators): string | null {
  const [whole = '', fraction, ...more] = text.split(decimal);
  const groups = whole.split(group.replaceAll(SPACES, ' '));
  const areGroups = groups.length > 1 && /^[1-9]\d{0,2}$/.test(groups[0] ?? '') && groups.slice(1).every((each) => /^\d{3}$/.test(each));
  if (more.length > 0 || !(areGroups || groups.length === 1)) return null;
  return fraction === undefined ? groups.join('') : `${groups.join('')}.${fraction}`;
}

/**
 * Reads an amount as people type and paste it: with the separators of the reader's language or a decimal point, with
 * groups of thousands, a dollar sign or spaces around it. What could mean two amounts is none: where a point separates
 * thousands, `1.234` is read neither as the one nor as the other.
 */
export function readTyped(text: string): Decimal | null {
  const [, sign = '', amount = ''] = AMOUNT.exec(text.trim().replaceAll(SPACES, ' ')) ?? [];
  const own = separators();
  const isInDoubt = own.group === '.' && /^[1-9]\d{0,2}\.\d{3}$/.test(amount);
  const withPoint = isInDoubt ? null : PLAIN.test(amount) ? amount : ungrouped(amount, own);
  const [, whole = '', fraction = ''] = PLAIN.exec(withPoint ?? '') ?? [];
  if (whole === '' && fraction === '') return null;
  return parseDecimal(`${sign}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`);
}

/** An amount as the reader would type it, for a field that the page fills in. */
export const typedText = (value: Decimal): string => toText(value).replace('.', separators().decimal);

/** The same for a decimal string; empty when there is none. */
export function typedFrom(amount: string | null): string {
  const value = amount === null ? null : parseDecimal(amount);
  return value === null ? '' : typedText(trimmed(value));
}

/** An example such as `0.25`, as the reader would type it. */
export const exampleOf = (example: string): string => example.replace('.', separators().decimal);

/** How to type an amount, for who did it otherwise. */
export const howToType = (example: string): string => `Use digits and a decimal ${separators().decimal === ',' ? 'comma' : 'point'}, like ${exampleOf(example)}.`;

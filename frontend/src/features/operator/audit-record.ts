import type { AuditClass } from '@/shared/api/types';

export const CLASSES: readonly (readonly [AuditClass, string])[] = [
  ['authentication', 'Authentication'],
  ['account_change', 'Account changes'],
  ['authorize_session', 'Authorization'],
  ['entity_management', 'Assets and entities'],
  ['api_activity', 'API activity'],
];

export const isAuditClass = (value: unknown): value is AuditClass => CLASSES.some(([name]) => name === value);

/** The part of an OCSF record that a line shows. */
export interface AuditLine {
  readonly id: string;
  readonly activity: string;
  readonly time: string | null;
  readonly succeeded: boolean;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly address: string | null;
  readonly source: string | null;
}

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What lies at the end of a path of names, where it is text; else null. */
function textAt(record: Json, ...path: string[]): string | null {
  const found = path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), record);
  return typeof found === 'string' && found !== '' ? found : null;
}

const SUCCESS = 1;

/** Reads an OCSF record; what it does not have is null. */
export function lineOf(record: Json): AuditLine {
  const time = record['time'];
  return {
    id: textAt(record, 'metadata', 'uid') ?? JSON.stringify(record),
    activity: textAt(record, 'activity_name') ?? 'unknown',
    time: typeof time === 'number' ? new Date(time).toISOString() : null,
    succeeded: record['status_id'] === SUCCESS,
    actor: textAt(record, 'actor', 'user', 'uid'),
    subject: textAt(record, 'user', 'uid') ?? textAt(record, 'entity', 'uid'),
    address: textAt(record, 'src_endpoint', 'ip'),
    source: textAt(record, 'metadata', 'product', 'name'),
  };
}

import { useState } from 'react';
import { unwrap } from '@/shared/api/client';
import { keys } from '@/shared/api/keys';
import type { AuditClass } from '@/shared/api/types';
import { usePages } from '@/shared/api/use-pages';
import { nameOfEvent } from '@/shared/security/wording';
import { useApi } from '@/shared/services';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';
import { Dialog } from '@/shared/ui/dialog';
import { Pager } from '@/shared/ui/pager';
import { SearchForm } from '@/shared/ui/search-form';
import { Select } from '@/shared/ui/select';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { ChainStatus } from './chain-status';
import { type AuditLine, CLASSES, isAuditClass, lineOf } from './audit-record';

const PAGE_SIZE = 25;

export interface AuditSearch {
  readonly actor?: string | undefined;
  readonly class?: AuditClass | undefined;
}

type AuditRecord = Record<string, unknown>;

function useAuditRecords(search: AuditSearch) {
  const api = useApi();
  return usePages<AuditRecord>({
    queryKey: [...keys.operator, 'audit', search.actor ?? '', search.class ?? ''],
    load: async (cursor, signal) => {
      const query = {
        limit: PAGE_SIZE,
        ...(cursor === null ? {} : { cursor }),
        ...(search.actor === undefined ? {} : { actor: search.actor }),
        ...(search.class === undefined ? {} : { class: search.class }),
      };
      const page = await unwrap(api.GET('/api/v1/audit/events', { params: { query }, signal }));
      return { rows: page.data, hasMore: page.has_more, nextCursor: page.next_cursor };
    },
  });
}

function Id({ id, onFollow }: { id: string | null; onFollow: (id: string) => void }) {
  if (id === null) return <span className="text-muted">–</span>;
  return (
    <button type="button" className="-my-1 rounded py-1 text-left font-mono text-xs break-all text-accent hover:underline" onClick={() => { onFollow(id); }}>
      {id}
    </button>
  );
}

function RecordRow({ line, onOpen, onFollow }: { line: AuditLine; onOpen: () => void; onFollow: (id: string) => void }) {
  return (
    <tr className={ROW}>
      <Cell>
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {nameOfEvent(line.activity)}
          {!line.succeeded && <Badge tone="warning">Refused</Badge>}
        </p>
        <p className="text-sm text-muted">
          {formatDateTime(line.time, { seconds: true })}
          {line.address !== null && <span className="block sm:ml-2 sm:inline">{line.address}</span>}
        </p>
      </Cell>
      <Cell className="hidden md:table-cell">
        <Id id={line.actor} onFollow={onFollow} />
      </Cell>
      <Cell className="hidden lg:table-cell">{line.subject === line.actor ? <span className="text-sm text-muted">themselves</span> : <Id id={line.subject} onFollow={onFollow} />}</Cell>
      <Cell className="hidden text-sm text-muted xl:table-cell">{line.source}</Cell>
      <Cell align="right">
        <Button size="sm" aria-label={`Show the record ${nameOfEvent(line.activity)} of ${formatDateTime(line.time)}`} onClick={onOpen}>
          Show
        </Button>
      </Cell>
    </tr>
  );
}

interface RecordsProps {
  search: AuditSearch;
  onFollow: (id: string) => void;
}

function Records({ search, onFollow }: RecordsProps) {
  const { rows, error, retry, pager } = useAuditRecords(search);
  const [open, setOpen] = useState<AuditRecord | null>(null);
  if (rows === undefined) return error === null ? <LoadingRows label="Loading records" /> : <FailedState error={error} onRetry={retry} />;
  if (rows.length === 0 && !pager.hasOlder) return <EmptyState title="No records match">The last 30 days are searched.</EmptyState>;
  return (
    <>
      <Table label="Audit records">
        <thead>
          <tr>
            <Head>Event</Head>
            <Head className="hidden md:table-cell">Who</Head>
            <Head className="hidden lg:table-cell">About whom</Head>
            <Head className="hidden xl:table-cell">Recorded by</Head>
            <Head align="right">
              <span className="sr-only">Record</span>
            </Head>
          </tr>
        </thead>
        <tbody>
          {rows.map((record) => {
            const line = lineOf(record);
            return <RecordRow key={line.id} line={line} onOpen={() => { setOpen(record); }} onFollow={onFollow} />;
          })}
        </tbody>
      </Table>
      <Pager label="Audit records" {...pager} />
      <Dialog wide open={open !== null} title="Audit record" onOpenChange={(isOpen) => { if (!isOpen) setOpen(null); }}>
        <pre className="rounded-lg bg-sunken p-4 font-mono text-xs break-words whitespace-pre-wrap">
          {JSON.stringify(open, null, 2)}
        </pre>
      </Dialog>
    </>
  );
}

/** Who did what, newest first: OCSF records of the last 30 days. */
export function AuditExplorer({ search, onSearch }: { search: AuditSearch; onSearch: (search: AuditSearch) => void }) {
  return (
    <Card title="Audit trail">
      <ChainStatus />
      <div className="grid gap-3 border-b border-line p-4 sm:flex sm:px-5">
        <SearchForm label="Account id" placeholder="Account id, usr_…" value={search.actor ?? ''} onSearch={(text) => { onSearch({ ...search, actor: text === '' ? undefined : text }); }} />
        <Select label="Class of event" className="sm:w-52" value={search.class ?? ''} options={[['', 'All classes'], ...CLASSES]} onChoose={(name) => { onSearch({ ...search, class: isAuditClass(name) ? name : undefined }); }} />
      </div>
      <Records search={search} onFollow={(actor) => { onSearch({ ...search, actor }); }} />
    </Card>
  );
}

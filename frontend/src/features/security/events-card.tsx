import type { SecurityEvent } from '@/shared/api/types';
import { formatDateTime } from '@/shared/time';
import { Badge } from '@/shared/ui/badge';
import { Card } from '@/shared/ui/card';
import { Pager } from '@/shared/ui/pager';
import { EmptyState, FailedState, LoadingRows } from '@/shared/ui/states';
import { Cell, Head, ROW, Table } from '@/shared/ui/table';
import { useSecurityEvents } from './security-actions';
import { meansOf, nameOfEvent } from '@/shared/security/wording';

function EventRow({ event }: { event: SecurityEvent }) {
  const means = meansOf(event);
  return (
    <tr className={ROW}>
      <Cell>
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {nameOfEvent(event.type)}
          {!event.succeeded && <Badge tone="warning">Refused</Badge>}
        </p>
        <p className="text-sm text-muted">
          {means !== null && `by ${means}`}
          <span className="block sm:hidden">{formatDateTime(event.timestamp)}</span>
        </p>
      </Cell>
      <Cell className="hidden text-muted sm:table-cell">{formatDateTime(event.timestamp)}</Cell>
      <Cell align="right" className="text-muted">
        {event.address}
      </Cell>
    </tr>
  );
}

/** What happened to one's account, newest first. */
export function EventsCard() {
  const { rows, error, retry, pager } = useSecurityEvents();
  return (
    <Card title="Recent activity">
      {rows === undefined ? (
        error === null ? <LoadingRows rows={4} label="Loading activity" /> : <FailedState error={error} onRetry={retry} />
      ) : rows.length === 0 ? (
        <EmptyState title="Nothing yet">Logins and changes of your security appear here.</EmptyState>
      ) : (
        <>
          <Table label="Recent activity">
            <thead>
              <tr>
                <Head>Event</Head>
                <Head className="hidden sm:table-cell">Time</Head>
                <Head align="right">Address</Head>
              </tr>
            </thead>
            <tbody>
              {rows.map((event) => (
                <EventRow key={event.event_id} event={event} />
              ))}
            </tbody>
          </Table>
          <Pager label="Recent activity" {...pager} />
        </>
      )}
    </Card>
  );
}

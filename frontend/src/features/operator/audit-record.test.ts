import { describe, expect, it } from 'vitest';
import { lineOf } from './audit-record';

describe('lineOf', () => {
  it('takes out of a record what a line shows', () => {
    const record = {
      activity_name: 'roles_changed', time: 1768471200000, status_id: 1,
      actor: { user: { uid: 'usr_admin' } }, user: { uid: 'usr_ada' }, src_endpoint: { ip: '192.0.2.1' },
      metadata: { uid: '01X', product: { name: 'user_service' } },
    };
    expect(lineOf(record)).toEqual({
      id: '01X', activity: 'roles_changed', time: '2026-01-15T10:00:00.000Z', succeeded: true,
      actor: 'usr_admin', subject: 'usr_ada', address: '192.0.2.1', source: 'user_service',
    });
  });

  it('does without what is missing or strange', () => {
    expect(lineOf({ actor: 'somebody', time: 'noon' })).toMatchObject({ activity: 'unknown', time: null, succeeded: false, actor: null });
  });
});

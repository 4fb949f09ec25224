import { describe, expect, it } from 'vitest';
import { EventReader } from './event-reader';

const TEXT = ': heartbeat\n\nid: 4\nevent: change\ndata: {"a":\ndata: 1}\n\nretry: 2000\n\ndata:no space\r\n\r\n';
const EVENTS = [
  { type: 'change', data: '{"a":\n1}', id: '4' },
  { type: 'message', data: 'no space', id: '4' },
];

describe('EventReader', () => {
  it('reads types, ids, comments and data of several lines', () => {
    expect(new EventReader().push(TEXT)).toEqual(EVENTS);
  });

  it.each([1, 2, 3, 7])('reads the same from chunks of %i characters', (size) => {
    const reader = new EventReader();
    const chunks = Array.from({ length: Math.ceil(TEXT.length / size) }, (_, index) => TEXT.slice(index * size, (index + 1) * size));
    expect(chunks.flatMap((chunk) => reader.push(chunk))).toEqual(EVENTS);
  });

  it('keeps an unfinished event to itself', () => {
    const reader = new EventReader();
    expect(reader.push('data: 1\n')).toEqual([]);
    expect(reader.push('\n')).toHaveLength(1);
  });
});

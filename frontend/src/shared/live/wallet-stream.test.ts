import { afterEach, describe, expect, it, vi } from 'vitest';
import { WalletStream } from './wallet-stream';

const encoder = new TextEncoder();
const event = (id: number, type: string, data: unknown = {}) => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const change = (seq: number) => event(seq, 'change', { seq, kind: 'buy', order: null });

function bodyOf(...chunks: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

const silent = () => new ReadableStream<Uint8Array>();

function follow(...bodies: (ReadableStream<Uint8Array> | Error | null)[]) {
  const opened: (string | null)[] = [];
  const pauses: number[] = [];
  const listener = { onReset: vi.fn(), onChange: vi.fn() };
  const stream = new WalletStream(
    {
      open: (id) => {
        opened.push(id);
        const next = bodies.shift() ?? null;
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
      pause: (milliseconds) => {
        pauses.push(milliseconds);
        return Promise.resolve();
      },
    },
    listener,
  );
  stream.start();
  return { stream, opened, pauses, listener };
}

const settled = (opened: unknown[], count: number) => vi.waitFor(() => { expect(opened).toHaveLength(count); });

describe('WalletStream', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('resumes a cut connection after the last change that arrived', async () => {
    const { opened, listener } = follow(bodyOf(event(7, 'ready'), change(8) + change(9)), bodyOf(event(9, 'ready')), null);
    await settled(opened, 3);
    expect(opened).toEqual([null, '9', '9']);
    expect(listener.onChange).toHaveBeenCalledTimes(1);
    expect(listener.onChange.mock.calls[0]?.[0]).toMatchObject([{ seq: 8 }, { seq: 9 }]);
    expect(listener.onReset).not.toHaveBeenCalled();
  });

  it('reads everything anew when the server cannot go back that far', async () => {
    const { opened, listener } = follow(bodyOf(event(500, 'reset')), null);
    await settled(opened, 2);
    expect(listener.onReset).toHaveBeenCalledOnce();
  });

  it('waits longer after each failure, and briefly after a success', async () => {
    const { opened, pauses } = follow(new Error('away'), new Error('away'), bodyOf(event(1, 'ready')), null);
    await settled(opened, 4);
    expect(pauses).toEqual([2000, 4000, 1000]);
  });

  it('is live from the first event on, until it is stopped', async () => {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => { controller.enqueue(encoder.encode(event(1, 'ready'))); } });
    const { stream } = follow(body);
    expect(stream.isLive()).toBe(false);
    await vi.waitFor(() => { expect(stream.isLive()).toBe(true); });
    stream.stop();
    expect(stream.isLive()).toBe(false);
  });

  it('takes silence for a dead connection', async () => {
    vi.useFakeTimers();
    const { opened } = follow(silent(), null);
    await vi.advanceTimersByTimeAsync(39_000);
    expect(opened).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(opened).toHaveLength(2);
  });

  it('forgets its place for the next person', async () => {
    const { stream, opened } = follow(bodyOf(event(7, 'ready')), silent(), null);
    await settled(opened, 2);
    stream.forget();
    stream.start();
    await settled(opened, 3);
    expect(opened).toEqual([null, '7', null]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeConnection } from '@/testing/fake-connection';
import { makeAsset } from '@/testing/fixtures';
import { withoutFallingBack, withTicks } from './merge-prices';
import { PriceStream, readTicks } from './price-stream';

const tick = (price_usd: number, last_updated: string) => ({ asset_id: 'BTC', price_usd, last_updated });
const pageAt = (price_usd: number, last_updated: string) => ({ data: [makeAsset({ price_usd, last_updated })], total_count: 1, active_count: 1, has_more: false, next_cursor: null });

describe('PriceStream', () => {
  let connections: FakeConnection[];
  const deliver = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    deliver.mockClear();
    connections = [];
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const started = () => {
    const stream = new PriceStream(() => {
      const connection = new FakeConnection();
      connections.push(connection);
      return connection;
    }, deliver);
    stream.start();
    return stream;
  };

  it('is live from its first event on', () => {
    const stream = started();
    expect(stream.isLive()).toBe(false);
    connections[0]!.emit('prices', '{"prices":[{"asset_id":"BTC","price_usd":1.5,"last_updated":"2026-01-01T00:00:00.000Z"}]}');
    expect(stream.isLive()).toBe(true);
    expect(deliver).toHaveBeenCalledWith([tick(1.5, '2026-01-01T00:00:00.000Z')]);
  });

  it('leaves a cut connection to the browser, which resumes it', () => {
    const stream = started();
    connections[0]!.emit('prices', '{"prices":[]}');
    connections[0]!.readyState = 0;
    connections[0]!.emit('error');
    expect(stream.isLive()).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(connections).toHaveLength(1);
    connections[0]!.emit('prices', '{"prices":[]}');
    expect(stream.isLive()).toBe(true);
  });

  it('tries anew after a refusal, but not once it was stopped', () => {
    const stream = started();
    connections[0]!.readyState = 2;
    connections[0]!.emit('error');
    vi.advanceTimersByTime(10_000);
    expect(connections).toHaveLength(2);
    connections[1]!.readyState = 2;
    connections[1]!.emit('error');
    stream.stop();
    vi.advanceTimersByTime(60_000);
    expect(connections).toHaveLength(2);
  });

  it('opens one connection however often it is started', () => {
    started().start();
    expect(connections).toHaveLength(1);
  });

  it('does without where the browser has no event sources', () => {
    const stream = new PriceStream(() => null, deliver);
    stream.start();
    expect(stream.isLive()).toBe(false);
  });

  it('ignores what it cannot read', () => {
    expect(readTicks('not json')).toEqual([]);
    expect(readTicks('{"prices":7}')).toEqual([]);
  });
});

describe('merging prices', () => {
  const shown = pageAt(100, '2026-01-01T00:00:05.000Z');

  it('takes newer ticks', () => {
    expect(withTicks(shown, [tick(101, '2026-01-01T00:00:06.000Z')]).data[0]?.price_usd).toBe(101);
  });

  it('ignores older ticks and assets that are not listed', () => {
    const ticks = [tick(99, '2026-01-01T00:00:04.000Z'), { ...tick(1, '2026-01-01T00:00:09.000Z'), asset_id: 'XYZ' }];
    expect(withTicks(shown, ticks)).toBe(shown);
  });

  it('does not fall back to a page from a cache', () => {
    const fetched = { ...pageAt(98, '2026-01-01T00:00:03.000Z'), total_count: 7 };
    const merged = withoutFallingBack(fetched, shown);
    expect(merged.data[0]?.price_usd).toBe(100);
    expect(merged.total_count).toBe(7);
  });
});

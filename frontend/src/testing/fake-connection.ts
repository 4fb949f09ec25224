import { vi } from 'vitest';
import type { Connection } from '@/shared/live/price-stream';

/** An open event source whose events the test emits. */
export class FakeConnection implements Connection {
  readyState = 1;
  readonly close = vi.fn();
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  emit(type: string, data = ''): void {
    this.listeners.get(type)?.(new MessageEvent(type, { data }));
  }
}

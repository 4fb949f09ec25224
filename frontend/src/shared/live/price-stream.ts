/** One price of a `prices` event. */
export interface PriceTick {
  readonly asset_id: string;
  readonly price_usd: number;
  readonly last_updated: string;
}

/** The part of `EventSource` that is used; null where the browser has none. */
export interface Connection {
  readonly readyState: number;
  addEventListener: (type: string, listener: (event: MessageEvent<string>) => void) => void;
  close: () => void;
}

export type Connect = () => Connection | null;

const CLOSED = 2;
const RECONNECT_MS = 10_000;

export const connectToPrices: Connect = () => (typeof EventSource === 'undefined' ? null : new EventSource('/api/v1/inventory/stream'));

export function readTicks(data: string): readonly PriceTick[] {
  try {
    const { prices } = JSON.parse(data) as { prices?: unknown };
    return Array.isArray(prices) ? (prices as PriceTick[]) : [];
  } catch {
    return [];
  }
}

/**
 * Live prices as server-sent events. The browser reconnects by itself, resuming with
 * `Last-Event-ID`; only after a refusal it gives up, and then we try anew.
 */
export class PriceStream {
  private connection: Connection | null = null;
  private reconnection: ReturnType<typeof setTimeout> | undefined;
  private live = false;

  constructor(
    private readonly connect: Connect,
    private readonly deliver: (ticks: readonly PriceTick[]) => void,
  ) {}

  /** Whether prices arrive by themselves, so that nobody has to ask for them. */
  readonly isLive = (): boolean => this.live;

  start(): void {
    if (this.connection !== null) return;
    const connection = this.connect();
    if (connection === null) return;
    this.connection = connection;
    connection.addEventListener('prices', (event) => {
      this.live = true;
      this.deliver(readTicks(event.data));
    });
    connection.addEventListener('error', () => {
      this.live = false;
      if (connection.readyState === CLOSED && this.connection === connection) this.reconnectLater();
    });
  }

  stop(): void {
    clearTimeout(this.reconnection);
    this.connection?.close();
    this.connection = null;
    this.live = false;
  }

  private reconnectLater(): void {
    this.stop();
    this.reconnection = setTimeout(() => {
      this.start();
    }, RECONNECT_MS);
  }
}

import type { Order } from '@/shared/api/types';
import { EventReader, type ServerEvent } from './event-reader';

/** One change of one's own wallet: an order that was placed, filled or closed, or cash that moved. */
export interface WalletChange {
  readonly seq: number;
  readonly kind: string;
  readonly order: Order | null;
}

/** What the stream needs from its surroundings; faked in tests. */
export interface WalletPorts {
  /** Opens the stream after an event id, or from now on; null when it must not be tried again. Throws when it failed. */
  readonly open: (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

interface WalletListener {
  /** Something may have been missed: everything is to be read anew. */
  readonly onReset: () => void;
  readonly onChange: (changes: readonly WalletChange[]) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** The server sends a heartbeat every 15 seconds; a connection that is silent for longer is dead. */
const SILENCE_MS = 40_000;

function readChange({ data }: ServerEvent): WalletChange | null {
  try {
    const change = JSON.parse(data) as WalletChange;
    return typeof change.seq === 'number' ? change : null;
  } catch {
    return null;
  }
}

/**
 * One's own order and balance changes, as they happen. A cut connection is resumed after the last
 * change that arrived; where the server cannot go back that far, everything is read anew.
 */
export class WalletStream {
  private running: AbortController | null = null;
  private lastEventId: string | null = null;
  private live = false;

  constructor(
    private readonly ports: WalletPorts,
    private readonly listener: WalletListener,
  ) {}

  /** Whether changes arrive by themselves, so that asking can be rare. */
  readonly isLive = (): boolean => this.live;

  start(): void {
    if (this.running !== null) return;
    this.running = new AbortController();
    void this.follow(this.running.signal);
  }

  /** Closes the connection; a later start resumes where it was. */
  stop(): void {
    this.running?.abort();
    this.running = null;
    this.live = false;
  }

  /** Closes the connection and forgets the place: what comes next is somebody else's. */
  forget(): void {
    this.stop();
    this.lastEventId = null;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    let failures = 0;
    for (;;) {
      const outcome = await this.attempt(signal);
      if (outcome === 'refused' || signal.aborted) return;
      this.live = false;
      failures = outcome === 'heard' ? 0 : failures + 1;
      await this.ports.pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), signal);
    }
  }

  private async attempt(signal: AbortSignal): Promise<'refused' | 'heard' | 'failed'> {
    try {
      const body = await this.ports.open(this.lastEventId, signal);
      if (body === null) return 'refused';
      return (await this.listen(body, signal)) ? 'heard' : 'failed';
    } catch {
      return 'failed';
    }
  }

  /** Takes events until the stream ends; true when there was any. */
  private async listen(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<boolean> {
    const [reader, events, decoder] = [body.getReader(), new EventReader(), new TextDecoder()];
    let heard = false;
    for (;;) {
      const chunk = await beforeSilence(reader);
      if (chunk === null || signal.aborted) return heard;
      heard = true;
      this.take(events.push(decoder.decode(chunk, { stream: true })));
    }
  }

  private take(events: readonly ServerEvent[]): void {
    const changes: WalletChange[] = [];
    for (const event of events) {
      if (event.type === 'ready' || event.type === 'reset') this.live = true;
      if (event.type === 'reset') this.listener.onReset();
      const change = event.type === 'change' ? readChange(event) : null;
      if (change !== null) changes.push(change);
      if (event.id !== '') this.lastEventId = event.id;
    }
    if (changes.length > 0) this.listener.onChange(changes);
  }
}

/** The next chunk; null at the stream's end, or when nothing came for too long. */
async function beforeSilence(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
      void reader.cancel().catch(() => undefined);
    }, SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read().then(({ value }) => value ?? null), silence]);
  } finally {
    clearTimeout(timer);
  }
}

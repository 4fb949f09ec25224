import { readClaims, type TokenClaims } from './claims';

export type SessionState =
  | { readonly status: 'restoring' }
  | { readonly status: 'signed-out'; readonly reason: SignOutReason }
  | { readonly status: 'signed-in'; readonly username: string; readonly roles: readonly string[] };

export type SignOutReason = 'none' | 'logged-out' | 'expired';

export interface IssuedToken {
  readonly access_token: string;
  readonly expires_in: number;
}

/** What a session needs from its surroundings; faked in tests. */
export interface SessionPorts {
  /** Trades the refresh cookie for a token; null when the cookie is gone or refused. Throws when nobody answered. */
  readonly refresh: () => Promise<IssuedToken | null>;
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Remembers across reloads that there is a cookie worth trying. Holds no secret. */
  readonly hint: { read: () => boolean; write: (signedIn: boolean) => void };
  /** Tells this browser's other tabs that the session ended, and hears it from them. */
  readonly channel: { announceSignOut: () => void; onSignOut: (listener: () => void) => void };
}

/** A token this close to its end is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

interface HeldToken {
  readonly value: string;
  readonly expiresAt: number;
  readonly claims: TokenClaims;
}

/** Whether a renewed token speaks of the same person with the same roles, so that nothing on the page changes. */
const isSamePerson = (left: SessionState, right: SessionState): boolean =>
  left.status === 'signed-in' && right.status === 'signed-in' && left.username === right.username && left.roles.join() === right.roles.join();

/** The access token, in memory only, and the life of the session around it. */
export class Session {
  private token: HeldToken | null = null;
  private state: SessionState;
  private renewal: Promise<string | null> | null = null;
  /** Counts sign-ins and sign-outs: a renewal that began before the last of them says nothing about the session of now. */
  private turns = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ports: SessionPorts) {
    this.state = ports.hint.read() ? { status: 'restoring' } : { status: 'signed-out', reason: 'none' };
    ports.channel.onSignOut(() => {
      this.forget('logged-out');
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): SessionState => this.state;

  /** Tries the refresh cookie after a page load, again and again while nobody answers; never throws. */
  async restore(): Promise<void> {
    for (let attempt = 0; this.state.status === 'restoring'; attempt += 1) {
      try {
        await this.renew();
      } catch {
        await this.ports.pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS));
      }
    }
  }

  signIn(issued: IssuedToken): void {
    this.turns += 1;
    this.hold(issued);
    this.ports.hint.write(true);
  }

  /** Says that the browser leaves and will come back with a cookie, as signing in elsewhere does. */
  expectReturn(): void {
    this.ports.hint.write(true);
  }

  /** Ends the session in this tab and in the browser's other tabs. */
  signOut(): void {
    this.forget('logged-out');
    this.ports.channel.announceSignOut();
  }

  /** The token to send now, renewed first when it is about to expire; null when signed out. */
  async usableToken(): Promise<string | null> {
    if (this.token === null) return null;
    if (this.token.expiresAt - this.ports.now() > RENEW_BEFORE_MS) return this.token.value;
    return this.renewQuietly();
  }

  /** A newer token than the one that was refused, or null when the session is over. */
  async renewAfterRefusal(refused: string): Promise<string | null> {
    if (this.token !== null && this.token.value !== refused) return this.token.value;
    return this.renewQuietly();
  }

  private async renewQuietly(): Promise<string | null> {
    try {
      return await this.renew();
    } catch {
      // The old token may still do; if not, the refusal reaches the caller.
      return this.token?.value ?? null;
    }
  }

  private renew(): Promise<string | null> {
    this.renewal ??= this.renewOnce().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  private async renewOnce(): Promise<string | null> {
    const wasSignedIn = this.state.status === 'signed-in';
    const turn = this.turns;
    const issued = await this.ports.refresh();
    if (turn !== this.turns) return this.token?.value ?? null;
    if (issued === null) {
      this.forget(wasSignedIn ? 'expired' : 'none');
      return null;
    }
    this.hold(issued);
    return issued.access_token;
  }

  private hold(issued: IssuedToken): void {
    const claims = readClaims(issued.access_token);
    this.token = { value: issued.access_token, expiresAt: this.ports.now() + issued.expires_in * 1000, claims };
    this.set({ status: 'signed-in', username: claims.username, roles: claims.roles });
  }

  private forget(reason: SignOutReason): void {
    this.turns += 1;
    this.token = null;
    this.ports.hint.write(false);
    this.set({ status: 'signed-out', reason });
  }

  private set(state: SessionState): void {
    const same = isSamePerson(state, this.state);
    this.state = same ? this.state : state;
    if (!same) for (const listener of this.listeners) listener();
  }
}

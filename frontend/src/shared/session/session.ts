import { isSameSubject, readClaims, type TokenClaims } from './claims';

export type SessionState =
  | { readonly status: 'restoring' }
  | { readonly status: 'signed-out'; readonly reason: SignOutReason }
  /** Somebody else, by the name of `successor`, logged in in this browser. */
  | { readonly status: 'signed-out'; readonly reason: 'replaced'; readonly successor: string }
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
  /** The token of whoever replaced the person of this tab; unused until they say that they go on as that one. */
  private successor: HeldToken | null = null;
  private renewal: Promise<void> | null = null;
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
    this.begin(this.read(issued));
  }

  /** Goes on as the person who logged in in this browser meanwhile; does nothing when there is none. */
  continueAsSuccessor(): void {
    if (this.successor !== null) this.begin(this.successor);
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
    return this.renewFor(this.token.claims);
  }

  /** A newer token of the same person than the one that was refused, or null when their session is over. */
  async renewAfterRefusal(refused: string): Promise<string | null> {
    const claims = readClaims(refused);
    if (this.token !== null && this.token.value !== refused) return this.tokenOf(claims);
    return this.renewFor(claims);
  }

  /** Renews quietly; what was asked on behalf of one person never gets the token of another. */
  private async renewFor(claims: TokenClaims): Promise<string | null> {
    try {
      await this.renew();
    } catch {
      // The old token may still do; if not, the refusal reaches the caller.
    }
    return this.tokenOf(claims);
  }

  private tokenOf(claims: TokenClaims): string | null {
    return this.token !== null && isSameSubject(this.token.claims, claims) ? this.token.value : null;
  }

  private renew(): Promise<void> {
    this.renewal ??= this.renewOnce().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  private async renewOnce(): Promise<void> {
    const wasSignedIn = this.state.status === 'signed-in';
    const turn = this.turns;
    const issued = await this.ports.refresh();
    if (turn !== this.turns) return;
    if (issued === null) this.forget(wasSignedIn ? 'expired' : 'none');
    else this.takeRenewed(this.read(issued));
  }

  /** The tabs share the cookie, so a renewal may bring the token of somebody who logged in in another tab. */
  private takeRenewed(renewed: HeldToken): void {
    if (this.token === null || isSameSubject(this.token.claims, renewed.claims)) this.hold(renewed);
    else this.giveWayTo(renewed);
  }

  private begin(token: HeldToken): void {
    // Whoever listens forgets what the former person saw before the next one is shown anything.
    if (this.token !== null && !isSameSubject(this.token.claims, token.claims)) this.set({ status: 'signed-out', reason: 'none' });
    this.turns += 1;
    this.successor = null;
    this.hold(token);
    this.ports.hint.write(true);
  }

  private read({ access_token, expires_in }: IssuedToken): HeldToken {
    return { value: access_token, expiresAt: this.ports.now() + expires_in * 1000, claims: readClaims(access_token) };
  }

  private hold(token: HeldToken): void {
    this.token = token;
    this.set({ status: 'signed-in', username: token.claims.username, roles: token.claims.roles });
  }

  /** Ends the session in this tab alone: the cookie and the other tabs are the successor's. */
  private giveWayTo(successor: HeldToken): void {
    this.turns += 1;
    this.token = null;
    this.successor = successor;
    this.set({ status: 'signed-out', reason: 'replaced', successor: successor.claims.username });
  }

  private forget(reason: SignOutReason): void {
    this.turns += 1;
    this.token = null;
    this.successor = null;
    this.ports.hint.write(false);
    this.set({ status: 'signed-out', reason });
  }

  private set(state: SessionState): void {
    const same = isSamePerson(state, this.state);
    this.state = same ? this.state : state;
    if (!same) for (const listener of this.listeners) listener();
  }
}

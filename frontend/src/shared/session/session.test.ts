import { describe, expect, it, vi } from 'vitest';
import { fakePorts } from '@/testing/render-app';
import { tokenFor } from '@/testing/backend';
import { type IssuedToken, Session, type SessionPorts } from './session';

const issued = (username = 'ada_lovelace', expires_in = 900): IssuedToken => ({ access_token: tokenFor(username), expires_in });
/** A token of the same person, who has another name by now. */
const renamed: IssuedToken = { access_token: tokenFor('renewed_name', ['customer'], 'usr_ada_lovelace'), expires_in: 900 };

const remembered = (change: Partial<SessionPorts>) => fakePorts({ hint: { read: () => true, write: vi.fn() }, ...change });

describe('Session', () => {
  it('asks nobody when nothing says that there is a cookie', async () => {
    const refresh = vi.fn();
    const session = new Session(fakePorts({ refresh }));
    await session.restore();
    expect(refresh).not.toHaveBeenCalled();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'none' });
  });

  it('restores itself from the cookie', async () => {
    const session = new Session(remembered({ refresh: () => Promise.resolve(issued()) }));
    expect(session.snapshot().status).toBe('restoring');
    await session.restore();
    expect(session.snapshot()).toEqual({ status: 'signed-in', username: 'ada_lovelace', roles: ['customer'] });
  });

  it('forgets a cookie that is refused, quietly', async () => {
    const ports = remembered({ refresh: () => Promise.resolve(null) });
    const session = new Session(ports);
    await session.restore();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'none' });
    expect(ports.hint.write).toHaveBeenCalledWith(false);
  });

  it('waits, longer each time, while nobody answers', async () => {
    const pauses: number[] = [];
    const refresh = vi.fn<() => Promise<IssuedToken>>().mockResolvedValue(issued());
    for (let failure = 0; failure < 6; failure += 1) refresh.mockRejectedValueOnce(new Error('away'));
    const ports = remembered({
      refresh,
      pause: (milliseconds) => {
        pauses.push(milliseconds);
        return Promise.resolve();
      },
    });
    const session = new Session(ports);
    await session.restore();
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(session.snapshot().status).toBe('signed-in');
    expect(ports.hint.write).not.toHaveBeenCalled();
  });

  it.each<[string, IssuedToken | null]>([
    ['is not signed in again', issued()],
    ['stays signed out for the reason it was', null],
  ])('%s by a renewal that was on its way when somebody logged out', async (_, late) => {
    let arrive: (token: IssuedToken | null) => void = () => undefined;
    const session = new Session(fakePorts({ refresh: () => new Promise((resolve) => { arrive = resolve; }), now: () => 0 }));
    session.signIn(issued('ada_lovelace', 10));
    const token = session.usableToken();
    session.signOut();
    arrive(late);
    expect(await token).toBeNull();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'logged-out' });
  });

  it('does not end a session that began while the renewal of the one before was refused', async () => {
    let arrive: (token: null) => void = () => undefined;
    const session = new Session(fakePorts({ refresh: () => new Promise((resolve) => { arrive = resolve; }), now: () => 0 }));
    session.signIn(issued('ada_lovelace', 10));
    const token = session.usableToken();
    session.signIn(issued('grace_hopper'));
    arrive(null);
    expect(await token).toBeNull();
    expect(await session.usableToken()).toBe(tokenFor('grace_hopper'));
    expect(session.snapshot()).toMatchObject({ status: 'signed-in', username: 'grace_hopper' });
  });

  it('renews a token that is about to expire, once for all who ask', async () => {
    let now = 0;
    const refresh = vi.fn(() => Promise.resolve(renamed));
    const session = new Session(fakePorts({ refresh, now: () => now }));
    session.signIn(issued());
    now = 880_000;
    const tokens = await Promise.all([session.usableToken(), session.usableToken()]);
    expect(tokens).toEqual([renamed.access_token, renamed.access_token]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('does not renew a token with time left', async () => {
    const refresh = vi.fn();
    const session = new Session(fakePorts({ refresh, now: () => 0 }));
    session.signIn(issued());
    expect(await session.usableToken()).toBe(tokenFor('ada_lovelace'));
    expect(refresh).not.toHaveBeenCalled();
  });

  it('ends as expired when the server ended it', async () => {
    const session = new Session(fakePorts());
    session.signIn(issued());
    expect(await session.renewAfterRefusal(tokenFor('ada_lovelace'))).toBeNull();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'expired' });
  });

  it('does not renew again when another request already has', async () => {
    const refresh = vi.fn();
    const session = new Session(fakePorts({ refresh }));
    session.signIn(renamed);
    expect(await session.renewAfterRefusal(tokenFor('ada_lovelace'))).toBe(renamed.access_token);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('ends with the other tabs, and ends them', () => {
    let hear: () => void = () => undefined;
    const announceSignOut = vi.fn();
    const session = new Session(fakePorts({ channel: { announceSignOut, onSignOut: (listener) => (hear = listener) } }));
    session.signIn(issued());
    hear();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'logged-out' });
    expect(announceSignOut).not.toHaveBeenCalled();
    session.signIn(issued());
    session.signOut();
    expect(announceSignOut).toHaveBeenCalledTimes(1);
  });

  it('names nobody for a token that it cannot read', () => {
    const session = new Session(fakePorts());
    session.signIn({ access_token: 'opaque', expires_in: 900 });
    expect(session.snapshot()).toEqual({ status: 'signed-in', username: '', roles: [] });
  });
});

describe('another person’s log-in in the same browser', () => {
  const takenOver = async () => {
    const ports = fakePorts({ refresh: () => Promise.resolve(issued('grace_hopper')), hint: { read: () => false, write: vi.fn() }, channel: { announceSignOut: vi.fn(), onSignOut: () => undefined }, now: () => 0 });
    const session = new Session(ports);
    session.signIn(issued('ada_lovelace', 10));
    expect(await session.usableToken()).toBeNull();
    return { session, ports };
  };

  it('ends this tab’s session and gives its requests no token', async () => {
    const { session } = await takenOver();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'replaced', successor: 'grace_hopper' });
    expect(await session.usableToken()).toBeNull();
  });

  it('is told by the user id, so that a person of the same name is another one', async () => {
    const namesake = { access_token: tokenFor('ada_lovelace', ['customer'], 'usr_2'), expires_in: 900 };
    const session = new Session(fakePorts({ refresh: () => Promise.resolve(namesake) }));
    session.signIn(issued());
    expect(await session.renewAfterRefusal(tokenFor('ada_lovelace'))).toBeNull();
    expect(session.snapshot()).toMatchObject({ reason: 'replaced' });
  });

  it('is assumed when the renewed token names nobody', async () => {
    const session = new Session(fakePorts({ refresh: () => Promise.resolve({ access_token: 'opaque', expires_in: 900 }), now: () => 0 }));
    session.signIn(issued('ada_lovelace', 10));
    expect(await session.usableToken()).toBeNull();
    expect(session.snapshot()).toMatchObject({ status: 'signed-out', reason: 'replaced' });
  });

  it('leaves the other tabs and the cookie to the person who came', async () => {
    const { ports } = await takenOver();
    expect(ports.channel.announceSignOut).not.toHaveBeenCalled();
    expect(ports.hint.write).not.toHaveBeenCalledWith(false);
  });

  it('is gone on with when the person in front of the tab says so', async () => {
    const { session } = await takenOver();
    session.continueAsSuccessor();
    expect(session.snapshot()).toMatchObject({ status: 'signed-in', username: 'grace_hopper' });
    expect(await session.usableToken()).toBe(tokenFor('grace_hopper'));
  });

  it('cannot be gone on with once it ended too', async () => {
    let hear: () => void = () => undefined;
    const session = new Session(fakePorts({ refresh: () => Promise.resolve(issued('grace_hopper')), channel: { announceSignOut: () => undefined, onSignOut: (listener) => (hear = listener) }, now: () => 0 }));
    session.signIn(issued('ada_lovelace', 10));
    await session.usableToken();
    hear();
    session.continueAsSuccessor();
    expect(session.snapshot()).toEqual({ status: 'signed-out', reason: 'logged-out' });
  });

  it('gives nothing of its own to a request that was refused before it', async () => {
    const session = new Session(fakePorts());
    session.signIn(issued('grace_hopper'));
    expect(await session.renewAfterRefusal(tokenFor('ada_lovelace'))).toBeNull();
    expect(session.snapshot()).toMatchObject({ status: 'signed-in', username: 'grace_hopper' });
  });

  it('ends the former session first when it happens in the same tab', () => {
    const session = new Session(fakePorts());
    const heard: string[] = [];
    session.signIn(issued());
    session.subscribe(() => heard.push(session.snapshot().status));
    session.signIn(issued('grace_hopper'));
    expect(heard).toEqual(['signed-out', 'signed-in']);
  });
});

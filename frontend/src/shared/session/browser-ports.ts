import type { IssuedToken, SessionPorts } from './session';

const HINT_KEY = 'cnop.signed-in';
const CHANNEL = 'cnop.session';
const SIGNED_OUT = 'signed-out';
const REFRESH_LOCK = 'cnop.refresh';

function readHint(): boolean {
  try {
    return localStorage.getItem(HINT_KEY) === '1';
  } catch {
    return true;
  }
}

function writeHint(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT_KEY, '1');
    else localStorage.removeItem(HINT_KEY);
  } catch {
    // Storage is blocked: every load then tries the cookie.
  }
}

async function requestRefresh(): Promise<IssuedToken | null> {
  const response = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    credentials: 'same-origin',
    body: '{}',
  });
  if (response.ok) return (await response.json()) as IssuedToken;
  if (response.status === 429 || response.status >= 500) throw new Error(`refresh answered ${response.status}`);
  return null;
}

/** One tab at a time: the refresh token rotates, and the tabs share its cookie. */
async function refreshExclusively(): Promise<IssuedToken | null> {
  // Absent outside secure contexts, where the server's grace period has to do.
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks === undefined ? requestRefresh() : await locks.request(REFRESH_LOCK, requestRefresh);
}

export function browserSessionPorts(): SessionPorts {
  const channel = new BroadcastChannel(CHANNEL);
  return {
    refresh: refreshExclusively,
    now: () => Date.now(),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    hint: { read: readHint, write: writeHint },
    channel: {
      announceSignOut: () => {
        channel.postMessage(SIGNED_OUT);
      },
      onSignOut: (listener) => {
        channel.addEventListener('message', (event) => {
          if (event.data === SIGNED_OUT) listener();
        });
      },
    },
  };
}

import { createMemoryHistory } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { App } from '@/app/app';
import { createAppRouter } from '@/app/router';
import type { Connect } from '@/shared/live/price-stream';
import { createServices } from '@/shared/services';
import type { SessionPorts } from '@/shared/session/session';
import { Backend, server, tokenFor } from './backend';

/** Ports that remember nothing and hear from no other tab. */
export function fakePorts(change: Partial<SessionPorts> = {}): SessionPorts {
  return {
    refresh: () => Promise.resolve(null),
    now: () => Date.now(),
    pause: () => Promise.resolve(),
    hint: { read: () => false, write: () => undefined },
    channel: { announceSignOut: () => undefined, onSignOut: () => undefined },
    ...change,
  };
}

interface RenderOptions {
  path: string;
  signedIn?: boolean;
  /** What the person who is signed in may do. */
  roles?: readonly string[];
  backend?: Backend;
  ports?: Partial<SessionPorts>;
  /** Where prices are streamed from; without it, they are asked for. */
  connect?: Connect;
}

/** Renders the whole application at a path, against a backend at the network's edge. */
export function renderApp({ path, signedIn = false, roles = ['customer'], backend = new Backend(), ports = {}, connect = () => null }: RenderOptions) {
  server.use(...backend.handlers);
  const services = createServices(fakePorts(ports), connect);
  if (signedIn) services.session.signIn({ access_token: tokenFor('ada_lovelace', roles), expires_in: 900 });
  const router = createAppRouter(createMemoryHistory({ initialEntries: [path] }));
  render(<App services={services} router={router} />);
  return { backend, services, router, user: userEvent.setup() };
}

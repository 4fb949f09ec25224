import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { server } from './backend';

// Pages load on demand, which takes a while on a busy machine.
configure({ asyncUtilTimeout: 5_000 });

beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' });
});

afterEach(() => {
  cleanup();
  server.resetHandlers();
  localStorage.clear();
});

afterAll(() => {
  server.close();
});

// What jsdom does not have and the components call.
vi.stubGlobal('scrollTo', () => undefined);
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe(): void {
      return undefined;
    }
    unobserve(): void {
      return undefined;
    }
    disconnect(): void {
      return undefined;
    }
  },
);
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.hasPointerCapture = () => false;

// Charts draw on a canvas, which jsdom has not; what surrounds them is tested, they are not.
vi.mock('@/features/markets/price-chart', () => ({ default: ({ label }: { label: string }) => label }));
vi.mock('@/features/portfolio/value-chart', () => ({ default: ({ label }: { label: string }) => label }));

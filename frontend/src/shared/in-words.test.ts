import { expect, it } from 'vitest';

import { inWords, waitInWords } from './in-words';

it('reads identifiers as words', () => {
  expect([inWords('price_feed'), inWords('login.failed'), inWords('')]).toEqual(['Price feed', 'Login failed', '']);
});

it.each([
  [0.2, '1 second'],
  [12, '12 seconds'],
  [120, '2 minutes'],
  [121, '3 minutes'],
  [3600, '60 minutes'],
  [7201, '3 hours'],
])('tells a wait of %d seconds as %s, never as less', (seconds, text) => {
  expect(waitInWords(seconds)).toBe(text);
});

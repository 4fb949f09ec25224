import { expect, it } from 'vitest';

import { inWords } from './in-words';

it('reads identifiers as words', () => {
  expect([inWords('price_feed'), inWords('login.failed'), inWords('')]).toEqual(['Price feed', 'Login failed', '']);
});

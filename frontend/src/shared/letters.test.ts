import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONFIRM_LINK_LIFE, RESET_LINK_LIFE } from './letters';

const SERVERS = readFileSync('../services/user_service/src/cnop_users/application/one_time.py', 'utf8');
const TEXT_OF: Readonly<Record<string, string>> = { '10 * 60': '10 minutes', '24 * 3_600': '24 hours' };

/** How the page has to word what the server keeps to, from its `Purpose`. */
const promised = (purpose: string) => TEXT_OF[new RegExp(`${purpose} = \\("\\w+", (.+)\\)`).exec(SERVERS)?.[1] ?? ''];

describe('what the page says of letters', () => {
  it('is what the server keeps to', () => {
    expect(RESET_LINK_LIFE).toBe(promised('RESET_PASSWORD'));
    expect(CONFIRM_LINK_LIFE).toBe(promised('VERIFY_EMAIL'));
  });
});

import { describe, expect, it } from 'vitest';
import { deviceName, meansOf, nameOfEvent } from '@/shared/security/wording';

describe('deviceName', () => {
  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1', 'Safari on iOS'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 14.0; rv:142.0) Gecko/20100101 Firefox/142.0', 'Firefox on macOS'],
    ['Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['curl/8.5.0', 'curl'],
    ['', 'Unknown device'],
  ])('of %s', (agent, name) => {
    expect(deviceName(agent)).toBe(name);
  });
});

describe('events', () => {
  it('that nobody foresaw are named by their code', () => {
    expect(nameOfEvent('vault_opened')).toBe('Vault opened');
  });

  it('tell by what means', () => {
    expect(meansOf({ details: { factor: 'totp' } })).toBe('authenticator app');
    expect(meansOf({ details: {} })).toBeNull();
  });
});

import type { SecurityEvent } from '@/shared/api/types';
import { inWords } from '@/shared/in-words';

const EVENTS: Readonly<Record<string, string>> = {
  login: 'Logged in',
  login_failed: 'Failed login',
  login_factor_due: 'Password given, second factor missing',
  logout: 'Logged out',
  step_up: 'Confirmed identity',
  session_moved: 'Session used from a new address',
  session_revoked: 'Session ended',
  refresh_token_reused: 'Stolen session stopped',
  account_registered: 'Account created',
  account_suspended: 'Account suspended',
  account_reinstated: 'Account reinstated',
  password_changed: 'Password changed',
  password_reset: 'Password reset',
  password_reset_begun: 'Password reset begun by staff',
  password_reset_requested: 'Password reset requested',
  profile_changed: 'Profile changed',
  email_verified: 'Email address confirmed',
  factor_added: 'Second factor added',
  factor_removed: 'Second factor removed',
  passkey_refused: 'Passkey refused',
  passkey_sealed: 'Passkey sealed',
  recovery_codes_renewed: 'Recovery codes renewed',
  identity_linked: 'Linked account added',
  identity_unlinked: 'Linked account removed',
  roles_changed: 'Roles changed',
  person_read: 'Account viewed by staff',
  records_read: 'Records viewed by staff',
  account_exported: 'Data downloaded',
  account_erased: 'Account erased',
  sessions_ended: 'Sessions ended by staff',
};

const DETAILS: Readonly<Record<string, string>> = {
  pwd: 'password',
  otp: 'authenticator app',
  totp: 'authenticator app',
  pop: 'passkey',
  hwk: 'passkey',
  swk: 'passkey',
  passkey: 'passkey',
  recovery: 'recovery code',
  recovery_code: 'recovery code',
  fed: 'linked account',
};

export const nameOfEvent = (type: string): string => EVENTS[type] ?? inWords(type);

/** By what means, where the event tells. */
export function meansOf({ details }: Pick<SecurityEvent, 'details'>): string | null {
  const told = details['factor'] ?? details['amr'] ?? details['provider'];
  if (typeof told !== 'string') return null;
  return told
    .split(' ')
    .filter((means) => means !== 'mfa' && means !== 'user')
    .map((means) => DETAILS[means] ?? means)
    .join(' and ');
}

const BROWSERS = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/HeadlessChrome\/|Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
] as const;

const SYSTEMS = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
] as const;

const found = (kinds: readonly (readonly [RegExp, string])[], agent: string): string | undefined => kinds.find(([pattern]) => pattern.test(agent))?.[1];

/** A device as its owner would call it; what is no browser is named by what it says first. */
export function deviceName(agent: string): string {
  const [browser, system] = [found(BROWSERS, agent), found(SYSTEMS, agent)];
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`;
  return /^[^\s/]+/.exec(agent)?.[0] ?? 'Unknown device';
}

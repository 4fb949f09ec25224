import { http, HttpResponse } from 'msw';
import type { Factors, Passkey, Profile, SecurityEvent, SignedInDevice } from '@/shared/api/types';

const API = '*/api/v1';
const MOMENT = '2026-01-15T10:00:00.000Z';
const refuse = (status: number, code: string) => HttpResponse.json({ status, code, message: code }, { status });
const done = () => HttpResponse.json({ message: 'done' });

export const makeDevice = (change: Partial<SignedInDevice> = {}): SignedInDevice => ({
  session_id: 'ses_1',
  created_at: MOMENT,
  last_used_at: MOMENT,
  expires_at: MOMENT,
  address: '192.0.2.1',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
  current: false,
  ...change,
});

export const makeProfile = (change: Partial<Profile> = {}): Profile => ({
  user_id: 'usr_1',
  username: 'ada_lovelace',
  email: 'ada@example.com',
  first_name: null,
  last_name: null,
  phone: null,
  date_of_birth: null,
  marketing_emails_consent: false,
  roles: ['customer'],
  email_verified: true,
  mfa: false,
  created_at: MOMENT,
  updated_at: MOMENT,
  ...change,
});

/** The part of the server that guards accounts. The right password is `correct`, the right code 123456, the recovery code aaaa-bbbb. */
export class SecurityBackend {
  profile = makeProfile();
  factors: Factors = { password: true, totp: false, passkeys: false, recovery_codes_left: 0 };
  passkeys: Passkey[] = [];
  /** OpenID providers that the installation knows, and those that are linked. */
  providers: string[] = [];
  identities: string[] = [];
  devices: SignedInDevice[] = [makeDevice({ session_id: 'ses_0', current: true }), makeDevice()];
  events: SecurityEvent[] = [];
  /** Whether sensitive acts want a proof first. */
  wantsProof = false;
  readonly calls: string[] = [];

  private sensitive(call: string, act: () => Response): Response {
    if (this.wantsProof) return refuse(403, 'PERM_002');
    this.calls.push(call);
    return act();
  }

  readonly handlers = [
    http.get(`${API}/auth/profile`, () => HttpResponse.json(this.profile)),
    http.put(`${API}/auth/profile`, async ({ request }) => {
      const change = (await request.json()) as Partial<Profile>;
      if (change.email === 'taken@example.com') return HttpResponse.json({ status: 409, code: 'ALREADY_EXISTS', message: 'taken', errors: [{ field: 'email', message: 'is taken' }] }, { status: 409 });
      return this.sensitive(`profile ${JSON.stringify(change)}`, () => {
        this.profile = { ...this.profile, ...change, email_verified: change.email === undefined && this.profile.email_verified };
        return HttpResponse.json({ message: 'done', user: this.profile });
      });
    }),
    http.get(`${API}/auth/oidc`, () => HttpResponse.json({ providers: this.providers })),
    http.get(`${API}/auth/identities`, () => HttpResponse.json({ data: this.identities.map((provider) => ({ provider })) })),
    http.post(`${API}/auth/oidc/:provider/link`, ({ params }) => this.sensitive(`link ${String(params['provider'])}`, () => HttpResponse.json({ url: '#at-the-provider' }))),
    http.delete(`${API}/auth/identities/:provider`, ({ params }) => {
      if (!this.factors.password && this.identities.length === 1) return refuse(409, 'LAST_LOGIN_METHOD');
      return this.sensitive(`unlink ${String(params['provider'])}`, () => {
        this.identities = this.identities.filter((provider) => provider !== params['provider']);
        return done();
      });
    }),
    http.post(`${API}/auth/oidc/:provider/step-up`, ({ params }) => {
      this.calls.push(`step-up at ${String(params['provider'])}`);
      return HttpResponse.json({ url: '#at-the-provider' });
    }),
    http.get(`${API}/auth/mfa`, () => HttpResponse.json(this.factors)),
    http.get(`${API}/auth/passkeys`, () => HttpResponse.json({ data: this.passkeys })),
    http.get(`${API}/auth/sessions`, () => HttpResponse.json({ data: this.devices })),
    http.get(`${API}/auth/events`, () => HttpResponse.json({ data: this.events, has_more: false, next_cursor: null })),
    http.post(`${API}/auth/step-up`, async ({ request }) => {
      const proof = (await request.json()) as { password?: string; otp?: string; recovery_code?: string };
      this.calls.push('step-up');
      const enrolled = this.factors.totp || this.factors.passkeys;
      const recovered = proof.recovery_code === 'aaaa-bbbb' && this.factors.recovery_codes_left > 0;
      if (enrolled && proof.otp !== '123456' && !recovered) return refuse(401, 'AUTH_MFA_REQUIRED');
      if (!enrolled && proof.password !== 'correct') return refuse(401, 'AUTH_001');
      if (recovered) this.factors = { ...this.factors, recovery_codes_left: this.factors.recovery_codes_left - 1 };
      this.wantsProof = false;
      return HttpResponse.json({ access_token: `e30.${btoa(JSON.stringify({ username: 'ada_lovelace', roles: this.profile.roles }))}.fresh`, token_type: 'bearer', expires_in: 900 });
    }),
    http.post(`${API}/auth/password`, async ({ request }) => {
      const body = (await request.json()) as { current_password: string };
      return body.current_password === 'correct' ? this.sensitive('password', done) : refuse(401, 'AUTH_001');
    }),
    http.post(`${API}/auth/email/resend`, () => this.sensitive('resend', done)),
    http.post(`${API}/auth/mfa/totp`, () =>
      this.sensitive('begin-totp', () =>
        HttpResponse.json({ secret: 'ABCDEFGHIJKL', uri: 'otpauth://totp/x', qr_code: `data:image/svg+xml;charset=utf-8,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="45" height="45"><path transform="scale(5)" stroke="#000" d="M4 4.5h7"/></svg>')}` }),
      ),
    ),
    http.post(`${API}/auth/mfa/totp/confirm`, async ({ request }) => {
      const { code } = (await request.json()) as { code: string };
      if (code !== '123456') return HttpResponse.json({ status: 422, code: 'VALIDATION_ERROR', message: 'the code is wrong' }, { status: 422 });
      this.factors = { ...this.factors, totp: true, recovery_codes_left: 10 };
      return HttpResponse.json({ message: 'ok', recovery_codes: ['aaaa-bbbb', 'cccc-dddd'] });
    }),
    http.delete(`${API}/auth/mfa/totp`, () => this.sensitive('remove-totp', () => {
      this.factors = { ...this.factors, totp: false, passkeys: false, recovery_codes_left: 0 };
      return done();
    })),
    http.post(`${API}/auth/mfa/recovery-codes`, () => this.sensitive('renew-codes', () => HttpResponse.json({ message: 'ok', recovery_codes: ['eeee-ffff'] }))),
    http.delete(`${API}/auth/passkeys/:id`, ({ params }) => this.sensitive(`remove-passkey ${String(params['id'])}`, () => {
      this.passkeys = [];
      return done();
    })),
    http.delete(`${API}/auth/sessions/:id`, ({ params }) => this.sensitive(`revoke ${String(params['id'])}`, () => {
      this.devices = this.devices.filter((device) => device.session_id !== params['id']);
      return done();
    })),
    http.get(`${API}/auth/account/export`, () => this.sensitive('export', () => HttpResponse.json({ profile: this.profile }))),
    http.delete(`${API}/auth/account`, () => this.sensitive('delete', done)),
    http.post(`${API}/auth/password/forgot`, async ({ request }) => {
      this.calls.push(`forgot ${((await request.json()) as { email: string }).email}`);
      return HttpResponse.json({ message: 'sent' }, { status: 202 });
    }),
    http.post(`${API}/auth/password/reset`, async ({ request }) => {
      const { token } = (await request.json()) as { token: string };
      return token === 'good' ? this.sensitive(`reset ${token}`, done) : refuse(422, 'TOKEN_INVALID');
    }),
    http.post(`${API}/auth/email/verify`, async ({ request }) => {
      const { token } = (await request.json()) as { token: string };
      return token === 'good' ? this.sensitive(`verify ${token}`, done) : refuse(422, 'TOKEN_INVALID');
    }),
  ];
}

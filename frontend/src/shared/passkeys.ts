import { PasskeyDeclined } from './api/problem';

/** What a passkey dialog signed or made, as JSON for the server. */
export type Credential = Record<string, unknown>;

/** Whether this browser can be asked in JSON, which every current one can; without, passkeys are not offered. */
export const hasPasskeys = (): boolean => typeof PublicKeyCredential !== 'undefined' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

async function asked(credential: Promise<globalThis.Credential | null>): Promise<Credential> {
  try {
    const made = await credential;
    if (made === null) throw new PasskeyDeclined(null);
    const json: unknown = (made as PublicKeyCredential).toJSON();
    return json as Credential;
  } catch (error) {
    // NotAllowedError covers cancelling, a timeout and no match alike: browsers do not tell them apart.
    throw error instanceof PasskeyDeclined ? error : new PasskeyDeclined(error);
  }
}

/** Lets the browser make a passkey. Throws PasskeyDeclined. */
export const makePasskey = (options: Credential): Promise<Credential> =>
  asked(navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON) }));

/** Lets the browser sign with a passkey. Throws PasskeyDeclined. */
export const signWithPasskey = (options: Credential): Promise<Credential> =>
  asked(navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON) }));

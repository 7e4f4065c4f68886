/**
 * Decrypted credentials of one object, by grant and generation: a credential is in memory before the transaction that
 * hands it out begins, because inside it nothing may be awaited. Wrapped, and forgotten with the generation.
 */

import { fingerprint } from '#crypto/digest.ts';
import { ok } from '#lib/result.ts';
import type { ConnectionSettings, GrantRow } from '../rows.ts';
import type { AccountStore } from '../store.ts';
import type { AccountVault, OpenedAccount } from '../vault.ts';
import { sourceOf, withSecret } from '#providers/injection/source.ts';
import { injectionFor, unfilledFor, urlsFrom, wrapped, type OpenedCredential } from './credential.ts';

/** So long a value that was read elsewhere stays in memory: a secret that is replaced holds from then on. */
const READ_AGAIN_MS = 30_000;

/** With the version of the connection and the ciphertext of the captured values that went into it. */
type Held = OpenedCredential & {
  readonly version: number;
  readonly captured: string | null;
  /** When a secret of the deployment was read for it; null: it lies here. */
  readonly readAtMs: number | null;
};

/** Powers that are not the object's own. */
export interface Outside {
  readonly now: () => number;
  /** A secret of the deployment, by what names it; null: there is none. */
  readonly secretAt: (source: string) => Promise<string | null>;
}

interface OpenedCaptured {
  readonly values: Readonly<Record<string, string>>;
  readonly stored: string | null;
}

export class OpenedCredentials {
  /** By grant and, for narrowed tokens, scopes. */
  readonly #held = new Map<string, Held>();
  readonly #vault: AccountVault;
  readonly #store: AccountStore;
  readonly #outside: Outside;
  /** Rises when all is forgotten: a credential that was being opened meanwhile may have been replaced at its place. */
  #epoch = 0;

  constructor(vault: AccountVault, store: AccountStore, outside: Outside) {
    this.#vault = vault;
    this.#store = store;
    this.#outside = outside;
  }

  /** The credential of exactly this generation, for the connection as it is now, or null: then `open` it first. */
  at(
    grant: GrantRow,
    scopeKey: string | null,
    { version }: Pick<ConnectionSettings, 'version'>,
  ): OpenedCredential | null {
    const held = this.#held.get(cell(grant, scopeKey));
    if (held === undefined || held.generation !== grant.generation || held.version !== version) return null;
    if (held.readAtMs !== null && Math.abs(this.#outside.now() - held.readAtMs) > READ_AGAIN_MS) return null;
    // Variables may be learnt within a generation.
    return held.captured === grant.captured ? held : null;
  }

  forget(): void {
    this.#held.clear();
    this.#epoch += 1;
  }

  /** Decrypts and remembers. True when a stored value does not open (`record_corrupt`). */
  async open(opened: OpenedAccount, grant: GrantRow, scopeKey: string | null): Promise<boolean> {
    const epoch = this.#epoch;
    const stored = await this.#fields(opened, grant, scopeKey);
    if (stored === null) return true;
    const read = await this.#captured(opened, grant.id);
    if (read === null) return true;
    const { values } = read;
    const settings = this.#store.state(opened.key.mac)?.settings;
    if (settings === undefined) return false;
    const secret = settings.authType === 'oauth1' ? await this.#vault.clientSecret(settings) : ok(null);
    if (!secret.ok) return true;
    const source = sourceOf(stored);
    const text = source === null ? null : await this.#outside.secretAt(source);
    if (epoch !== this.#epoch) return false;
    const whole = text === null ? null : withSecret(settings.authType, stored, text);
    const fields = source === null ? stored : (whole ?? {});
    const { access_token: token, api_key: apiKey, password } = fields;
    // A key may stand in the user name, with no password beside it.
    const key =
      token ?? apiKey ?? (password === undefined || password === '' ? JSON.stringify(fields) : password);
    this.#held.set(cell(grant, scopeKey), {
      generation: grant.generation,
      version: settings.version,
      captured: read.stored,
      readAtMs: source === null ? null : this.#outside.now(),
      absent: whole === null ? source : null,
      fields: wrapped(fields),
      fingerprint: fingerprint(opened.key.mac, key),
      injection: injectionFor(settings, fields, values, secret.value),
      unfilled: unfilledFor(settings, fields, values),
      urls: urlsFrom(inUrls(settings, fields, values)),
    });
    return false;
  }

  async #fields(
    opened: OpenedAccount,
    grant: GrantRow,
    scopeKey: string | null,
  ): Promise<Record<string, string> | null> {
    if (grant.staticFields !== null) {
      const text = await this.#vault.decrypt(
        opened,
        grant.id,
        'static_fields',
        grant.generation,
        grant.staticFields,
      );
      return text.ok ? JSON.parse(text.value) : null;
    }
    if (grant.accessToken === null) return {};
    const field = scopeKey === null ? 'access_token' : (`narrowed:${scopeKey}` as const);
    const token = await this.#vault.decrypt(opened, grant.id, field, grant.generation, grant.accessToken);
    return token.ok ? { access_token: token.value } : null;
  }

  /** Captured values belong to the grant, whose generation may be ahead of a narrowed token's. */
  async #captured(opened: OpenedAccount, grantId: number): Promise<OpenedCaptured | null> {
    const row = this.#store.state(opened.key.mac)?.grants.find((one) => one.id === grantId);
    if (row === undefined || row.captured === null) return { values: {}, stored: null };
    const text = await this.#vault.decrypt(opened, row.id, 'captured', row.generation, row.captured);
    return text.ok ? { values: JSON.parse(text.value), stored: row.captured } : null;
  }
}

/** A key that holds in one region alone may name it in the address of its API. */
function inUrls(
  { authType }: ConnectionSettings,
  { region }: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return authType === 'aws' && region !== undefined ? { ...captured, region } : captured;
}

function cell(grant: GrantRow, scopeKey: string | null): string {
  return scopeKey === null ? String(grant.id) : `${grant.id}:${scopeKey}`;
}

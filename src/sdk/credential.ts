/** A credential that a program may hold: it says what it is to whoever asks for `value`, and to no log. */

import type { Released } from './wire.ts';

/** What says that a credential is dead, where it belongs: all fields of one entry together. */
export interface DeadToken {
  readonly status?: number | undefined;
  /** Dotted path in a JSON body. */
  readonly field?: string | undefined;
  readonly equals?: string | number | boolean | undefined;
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export class Credential {
  readonly type: Released['type'];
  readonly accountId: string;
  readonly connection: string;
  readonly identifier: string;
  /** The provider's words; null where the kind has none. */
  readonly scope: readonly string[] | null;
  /** By this machine's clock; null: no end is known. */
  readonly expiresAt: Date | null;
  readonly apiBaseUrl: string | null;
  /** Says which credential it is and nothing of it: for `rejected`. */
  readonly fingerprint: string;
  /** Where it belongs and nowhere else. */
  readonly baseUrls: readonly string[];
  readonly deadToken: readonly DeadToken[];
  readonly #released: Released;

  constructor(released: Released, receivedAtMs: number) {
    this.type = released.type;
    this.accountId = released.connected_account_id;
    this.connection = released.connection;
    this.identifier = released.identifier;
    const scope = released.type === 'oauth2' ? released.scope : null;
    this.scope = scope === null ? null : scope.split(' ').filter((word) => word !== '');
    // Counted from the answer's arrival: a machine whose clock is wrong by an hour still knows how long it has.
    const expiresInS = ('expires_in' in released ? released.expires_in : null) ?? null;
    this.expiresAt = expiresInS === null ? null : new Date(receivedAtMs + expiresInS * 1000);
    this.apiBaseUrl = released.api_base_url;
    this.fingerprint = released.fingerprint;
    this.baseUrls =
      released.api?.base_urls ?? (released.api_base_url === null ? [] : [released.api_base_url]);
    this.deadToken = released.api?.dead_token ?? [{ status: 401 }];
    this.#released = released;
  }

  /** The one text: access token, key or password. @throws TypeError for a kind that is several texts */
  get value(): string {
    const { value } = this.#released;
    if (value === null)
      throw new TypeError(
        'valetkey: this credential is more than one text: read `fields`, or send `headers`',
      );
    return value;
  }

  /** What to send to the API. */
  get headers(): Readonly<Record<string, string>> {
    return this.#released.headers;
  }

  /** Parameters of the URL to send with it, not encoded; empty for most. */
  get query(): Readonly<Record<string, string>> {
    return this.#released.query ?? {};
  }

  /** The texts of a credential that has several; user and password of `basic`. */
  get fields(): Readonly<Record<string, string>> {
    const released = this.#released;
    if (released.type === 'custom') return released.fields;
    if (released.type === 'basic') return { username: released.username, password: released.password };
    return released.value === null ? {} : { value: released.value };
  }

  toString(): string {
    return `[${this.type} credential of ${this.connection}]`;
  }

  toJSON(): Record<string, unknown> {
    const { type, accountId, connection, identifier, scope, expiresAt, fingerprint } = this;
    return { type, accountId, connection, identifier, scope, expiresAt, fingerprint };
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/** The client of an agent: a credential in one call, a call in one call, and never a word about expiry. */

import type { Asked } from './asked.ts';
import { CredentialCache } from './calls/credential-cache.ts';
import { direct } from './calls/direct.ts';
import { throughProxy } from './calls/through-proxy.ts';
import { Tools } from './calls/tools.ts';
import { Transport } from './calls/transport.ts';
import { waitsBy } from './calls/waits.ts';
import { Credential } from './credential.ts';
import { AccountNotActiveError, isValetkeyError, type Waiting } from './errors/errors.ts';
import { settingsOf, type Settings, type ValetkeyOptions } from './settings.ts';
import type { Released } from './wire.ts';

/** Whose account a call is for, and which way it goes, beside what `fetch` takes. */
export interface FetchOptions extends RequestInit, Omit<Asked, 'signal'> {
  /** `proxy`: through the broker, so that no credential is ever in this process. Default `direct`. */
  readonly via?: 'direct' | 'proxy';
}

const DEFAULT_MIN_TTL_S = 60;
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export class Valetkey {
  readonly tools: Tools;
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #cache = new CredentialCache();
  readonly #waiting: Waiting;

  /** @throws TypeError for options that can be none; the text never holds the key */
  constructor(options: ValetkeyOptions = {}) {
    this.#settings = settingsOf(options);
    this.#waiting = waitsBy(() => (ask) => this.#transport.json(ask));
    this.#transport = new Transport(this.#settings, this.#waiting);
    this.tools = new Tools(this.#transport, this.#settings);
  }

  /**
   * The text of the credential, whatever its kind: `Bearer ${await vault.getCredential('slack')}`. The first argument
   * may be an agent's id, as in `getCredential('agent-42', 'slack')`.
   * @throws ValetkeyError
   */
  getCredential(connection: string, asked?: Asked): Promise<string>;
  getCredential(agentId: string, connection: string, asked?: Asked): Promise<string>;
  async getCredential(first: string, second?: string | Asked, third?: Asked): Promise<string> {
    const [agentId, connection, asked] =
      typeof second === 'string' ? [first, second, third] : ['self', first, second];
    return (await this.#credential(agentId, connection, asked)).value;
  }

  /** The same, of the scopes alone. A synonym of `getCredential` with `scope`. @throws ValetkeyError */
  getScopedToken(
    agentId: string,
    connection: string,
    scopes: string | readonly string[],
    asked: Asked = {},
  ): Promise<string> {
    return this.getCredential(agentId, connection, { ...asked, scope: scopes });
  }

  /** A new token in the place of the one that is there now. A synonym, for programs that ask by themselves. */
  async refreshToken(agentId: string, connection: string, asked: Asked = {}): Promise<string> {
    const credential = await this.#ask(agentId, connection, asked, 'current');
    this.#cache.drop(this.#keyOf(agentId, connection, asked));
    return credential.value;
  }

  /** The credential as an object that no log prints. @throws ValetkeyError */
  credential(connection: string, asked: Asked = {}): Promise<Credential> {
    return this.#credential('self', connection, asked);
  }

  /**
   * Calls the API of an account. The credential goes to the hosts of that API alone, and over no redirect to another.
   * Where the API says that its token is dead there is one more try with a fresh one; a second refusal is the answer.
   * @param path of the API (`/crm/v3/objects/contacts`), or an absolute URL under one of its addresses
   * @throws ValetkeyError where there is no credential; whatever `fetch` throws
   */
  async fetch(connection: string, path: string, options: FetchOptions = {}): Promise<Response> {
    const { via = 'direct', identifier, organization, scope, minTtlS, ...init } = options;
    const asked: Asked = {
      ...(identifier === undefined ? {} : { identifier }),
      ...(organization === undefined ? {} : { organization }),
      ...(scope === undefined ? {} : { scope }),
      ...(minTtlS === undefined ? {} : { minTtlS }),
      ...(init.signal ? { signal: init.signal } : {}),
    };
    if (via === 'proxy') {
      const whose = {
        connection,
        identifier: identifier ?? this.#settings.identifier,
        organization: organization ?? this.#settings.organization,
      };
      return throughProxy(this.#settings, this.#waiting, await this.#transport.proof(), whose, path, init);
    }
    const obtain = async (rejected?: string): Promise<Credential> => {
      if (rejected === undefined) return this.#credential('self', connection, asked);
      this.#cache.forget(rejected);
      return this.#ask('self', connection, asked, rejected);
    };
    return direct(this.#settings.fetch, obtain, path, init);
  }

  /**
   * Runs the task, and where an account needs its user in the middle of it waits until that is done and runs the task
   * anew, as often as it takes. The task is to be one that may begin again.
   * @param accountId the account that may pause it; another account's end is thrown
   * @param onPaused is told each time why: with the link for the user
   * @throws whatever else the task throws; the signal's reason
   */
  async whileConnected<T>(
    accountId: string,
    task: () => Promise<T>,
    options: {
      signal?: AbortSignal;
      onPaused?: (error: AccountNotActiveError) => void;
    } = {},
  ): Promise<T> {
    for (;;) {
      try {
        return await task();
      } catch (error) {
        if (!(error instanceof AccountNotActiveError) || error.connectedAccountId !== accountId) throw error;
        options.onPaused?.(error);
        await error.waitUntilActive(options.signal === undefined ? {} : { signal: options.signal });
      }
    }
  }

  toJSON(): Record<string, unknown> {
    return { url: this.#settings.url };
  }

  [INSPECT](): string {
    return `Valetkey(${this.#settings.url})`;
  }

  #credential(agentId: string, connection: string, asked: Asked = {}): Promise<Credential> {
    if (!this.#settings.isCached) return this.#ask(agentId, connection, asked);
    const key = this.#keyOf(agentId, connection, asked);
    const minTtlMs = (asked.minTtlS ?? DEFAULT_MIN_TTL_S) * 1000;
    // A caller that gives up takes only itself away: others may wait for the same answer.
    const { signal, ...lasting } = asked;
    const coming = this.#cache.get(key, minTtlMs, () => this.#ask(agentId, connection, lasting));
    return signal === undefined ? coming : unlessAborted(coming, signal);
  }

  async #ask(agentId: string, connection: string, asked: Asked, rejected?: string): Promise<Credential> {
    const { identifier = this.#settings.identifier, organization = this.#settings.organization } = asked;
    const released = await this.#transport
      .json<Released>({
        path: `/v1/agents/${encodeURIComponent(agentId)}/credentials/${encodeURIComponent(connection)}`,
        query: {
          identifier,
          organization,
          scope: scopeText(asked.scope),
          min_ttl: asked.minTtlS?.toString(),
          rejected,
          details: 'api',
        },
        signal: asked.signal,
        fits: isReleased,
      })
      .catch((error: unknown) => {
        // A dead account: whatever is kept of it under other scopes is dead too.
        if (isValetkeyError(error) && (error.status === 409 || error.status === 403))
          this.#cache.drop(this.#keyOf(agentId, connection, asked));
        throw error;
      });
    return new Credential(released, Date.now());
  }

  #keyOf(agentId: string, connection: string, asked: Asked): string {
    const { identifier = this.#settings.identifier, organization = this.#settings.organization } = asked;
    const scopes = scopeText(asked.scope)?.split(' ').toSorted();
    return JSON.stringify([agentId, connection, identifier, organization, scopes, asked.minTtlS]);
  }
}

/** A credential without its headers or its mark could be sent nowhere and told dead by nobody. */
function isReleased({
  type,
  headers,
  fingerprint,
  connected_account_id,
  value,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof type === 'string' &&
    headers !== null &&
    typeof headers === 'object' &&
    typeof fingerprint === 'string' &&
    typeof connected_account_id === 'string' &&
    (value === null || (typeof value === 'string' && value !== ''))
  );
}

function scopeText(scope: Asked['scope']): string | undefined {
  if (scope === undefined || typeof scope === 'string') return scope;
  return scope.join(' ');
}

function unlessAborted<T>(coming: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    coming.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

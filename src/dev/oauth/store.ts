/**
 * What one OAuth server remembers: the records of oidc-provider, in memory, one store per server, and beside
 * them the history of every refresh token, which outlives its grant. It takes no decision of the protocol:
 * that a spent refresh token kills its grant is oidc-provider's doing.
 *
 * A record ends exactly `expiresInS` after it was stored, to the millisecond, where oidc-provider itself
 * counts whole seconds: a token with `expires_in` 1 lives one second and not a fraction of one.
 *
 * Histories are kept for the life of the server (some 500 bytes per refresh). What has to outlive the server leaves
 * with `state` and comes back through the constructor; the file it stands in is the business of `memory.ts`.
 */

import type { Adapter, StoredPayload } from './oidc-provider.ts';

/** An answer that a grace window gives again. */
export interface GivenAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** The life of one refresh token. */
export interface RefreshHistory {
  readonly grantId: string;
  readonly clientId: string;
  /** When it was exchanged for its successor; null while it has not been. */
  usedAtMs: number | null;
  /** What its first use was answered; null until then. */
  answer: GivenAnswer | null;
}

/**
 * What presenting a refresh token amounts to: `fresh` (the live one of its family), `in_grace` (used, and the
 * window is open), `reuse` (used, no window), `unknown` (never issued here, or its grant died before its use).
 */
export type RefreshVerdict = 'fresh' | 'in_grace' | 'reuse' | 'unknown';

interface Row {
  payload: StoredPayload;
  expiresAtMs: number;
}

/** What outlives a server: plain JSON. */
export interface StoreState {
  /** Key (`Model:id`), record, and when it ends; null: never. */
  readonly rows: readonly (readonly [key: string, payload: StoredPayload, expiresAtMs: number | null])[];
  readonly histories: readonly (readonly [refreshToken: string, history: RefreshHistory])[];
}

/**
 * A user who signs in after a restart signs in anew: sessions of browsers and half-made consents end with the server.
 */
const ENDS_WITH_SERVER = /^(?:Session|Interaction|PushedAuthorizationRequest|ReplayDetection):/;

/** Sweeping costs a walk over all rows, so it waits until this many were written since the last. */
const SWEEP_EVERY_WRITES = 20_000;

export class OAuthStore {
  readonly histories = new Map<string, RefreshHistory>();
  readonly #rows = new Map<string, Row>();
  readonly #keysOfGrant = new Map<string, Set<string>>();
  readonly #idOfUid = new Map<string, string>();
  readonly #changed: () => void;
  #writes = 0;

  /** @param changed called after every change of what `state` gives */
  constructor(before: StoreState = { rows: [], histories: [] }, changed: () => void = () => undefined) {
    this.#changed = changed;
    for (const [token, history] of before.histories) this.histories.set(token, { ...history });
    for (const [key, payload, expiresAtMs] of before.rows) {
      this.#rows.set(key, { payload, expiresAtMs: expiresAtMs ?? Infinity });
      this.#index(key, payload);
    }
  }

  /**
   * The state that is worth keeping now: records that have not ended, and the histories of living grants, with the
   * answers that a window of `graceS` may give again.
   */
  state(graceS: number): StoreState {
    const nowMs = Date.now();
    const rows = [...this.#rows]
      .filter(([key, { expiresAtMs }]) => expiresAtMs > nowMs && !ENDS_WITH_SERVER.test(key))
      .map(([key, { payload, expiresAtMs }]) => {
        return [key, payload, expiresAtMs === Infinity ? null : expiresAtMs] as const;
      });
    const histories = [...this.histories]
      .filter(([, { grantId }]) => this.find('Grant', grantId) !== undefined)
      .map(([token, history]) => {
        const isOpen = history.usedAtMs !== null && nowMs - history.usedAtMs < graceS * 1000;
        return [token, isOpen ? history : { ...history, answer: null }] as const;
      });
    return { rows, histories };
  }

  /** Keeps what the first use of a refresh token was answered, for its grace window. */
  keepAnswer(refreshToken: string, answer: GivenAnswer): void {
    const history = this.histories.get(refreshToken);
    if (history === undefined || history.answer !== null) return;
    history.answer = answer;
    this.#changed();
  }

  /** The adapter that oidc-provider asks for, once per model. */
  readonly adapter = (model: string): Adapter => ({
    upsert: async (id, payload, expiresInS) => this.#put(model, id, payload, expiresInS),
    find: async (id) => this.find(model, id),
    findByUid: async (uid) => this.find(model, this.#idOfUid.get(uid) ?? ''),
    findByUserCode: async () => undefined,
    consume: async (id) => this.#consume(model, id),
    destroy: async (id) => this.#drop(`${model}:${id}`),
    revokeByGrantId: async (grantId) => this.#dropGrant(model, grantId),
  });

  /** The record of a model, or undefined when it was never stored, has ended or was removed. */
  find(model: string, id: string): StoredPayload | undefined {
    const row = this.#rows.get(`${model}:${id}`);
    return row !== undefined && row.expiresAtMs > Date.now() ? row.payload : undefined;
  }

  /** Judges a refresh token as it stands now; `graceS` 0 means that there is no window. */
  judge(refreshToken: string, graceS: number): RefreshVerdict {
    const history = this.histories.get(refreshToken);
    if (history === undefined) return 'unknown';
    const alive = this.find('Grant', history.grantId) !== undefined;
    if (history.usedAtMs === null) {
      return alive && this.find('RefreshToken', refreshToken) !== undefined ? 'fresh' : 'unknown';
    }
    const open = Date.now() - history.usedAtMs < graceS * 1000;
    return alive && open ? 'in_grace' : 'reuse';
  }

  /** Whether the grant lives, and which of its refresh tokens would be accepted without any grace. */
  stateOf(grantId: string): { alive: boolean; liveRefreshTokens: string[] } {
    const liveRefreshTokens: string[] = [];
    for (const key of this.#keysOfGrant.get(grantId) ?? []) {
      const token = key.startsWith('RefreshToken:') ? key.slice('RefreshToken:'.length) : null;
      if (token !== null && this.judge(token, 0) === 'fresh') liveRefreshTokens.push(token);
    }
    return { alive: this.find('Grant', grantId) !== undefined, liveRefreshTokens };
  }

  /** Every living grant, oldest first: who gave what to which client. */
  grants(): { grantId: string; subject: string; clientId: string; scope: string }[] {
    return [...this.#rows.keys()].flatMap((key) => {
      const grantId = key.startsWith('Grant:') ? key.slice('Grant:'.length) : null;
      const payload = grantId === null ? undefined : this.find('Grant', grantId);
      if (grantId === null || payload === undefined) return [];
      const { accountId, clientId, openid } = payload;
      const scope = String((openid as { scope?: unknown } | undefined)?.scope ?? '');
      return [{ grantId, subject: String(accountId), clientId: String(clientId), scope }];
    });
  }

  #put(model: string, id: string, payload: StoredPayload, expiresInS: number | undefined): void {
    const key = `${model}:${id}`;
    const lifetimeMs = expiresInS === undefined ? Infinity : expiresInS * 1000;
    this.#rows.set(key, { payload, expiresAtMs: Date.now() + lifetimeMs });
    this.#index(key, payload);
    if (model === 'RefreshToken' && typeof payload.grantId === 'string' && !this.histories.has(id)) {
      const clientId = String(payload.clientId);
      this.histories.set(id, { grantId: payload.grantId, clientId, usedAtMs: null, answer: null });
    }
    this.#writes += 1;
    if (this.#writes % SWEEP_EVERY_WRITES === 0) this.#sweep();
    this.#changed();
  }

  #index(key: string, { uid, grantId }: StoredPayload): void {
    if (typeof uid === 'string') this.#idOfUid.set(uid, key.slice(key.indexOf(':') + 1));
    if (typeof grantId !== 'string') return;
    this.#keysOfGrant.set(grantId, (this.#keysOfGrant.get(grantId) ?? new Set()).add(key));
  }

  #consume(model: string, id: string): void {
    const payload = this.find(model, id);
    if (payload === undefined) throw new Error('internal: consumed a record that is not there');
    payload.consumed = Math.floor(Date.now() / 1000);
    const history = model === 'RefreshToken' ? this.histories.get(id) : undefined;
    if (history !== undefined) history.usedAtMs ??= Date.now();
    this.#changed();
  }

  #drop(key: string): void {
    const payload = this.#rows.get(key)?.payload;
    if (this.#rows.delete(key)) this.#changed();
    if (typeof payload?.uid === 'string') this.#idOfUid.delete(payload.uid);
    if (typeof payload?.grantId !== 'string') return;
    const keys = this.#keysOfGrant.get(payload.grantId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOfGrant.delete(payload.grantId);
  }

  #dropGrant(model: string, grantId: string): void {
    for (const key of this.#keysOfGrant.get(grantId) ?? []) {
      if (key.startsWith(`${model}:`)) this.#drop(key);
    }
  }

  #sweep(): void {
    const nowMs = Date.now();
    for (const [key, row] of this.#rows) if (row.expiresAtMs <= nowMs) this.#drop(key);
  }
}

/**
 * One account's refresh tokens and what becomes of each when it is presented. It keeps every token that it issued, so
 * that each use has a verdict; it knows no HTTP and no dialect's words.
 */

import { randomBytes } from 'node:crypto';

/** `fresh`: the newest, unspent. `in_grace`: spent, and still answered. `reuse`: spent, and refused. */
export type Verdict = 'fresh' | 'in_grace' | 'reuse' | 'expired' | 'dead';

export interface FamilySettings {
  rotation: 'rotating' | 'static';
  /** How long after its first use a spent token is answered; null: for ever; 0: not at all. */
  graceS: number | null;
  reuse: 'refuse' | 'revoke';
  accessTtlS: number;
  /** A refresh token dies so long after it was issued; null: never. */
  refreshTtlS: number | null;
  endsOldAccess: boolean;
  /** What renews the access token is the token itself. */
  isOneToken: boolean;
}

interface Issued {
  readonly token: string;
  readonly issuedAtMs: number;
  spentAtMs: number | null;
  /** Number of the one that replaced it. */
  successor: number | null;
}

export interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The refresh token's place among all of this account, from 0. */
  readonly number: number;
}

/** What a use came to: a pair of tokens unless it was refused. */
export interface Use {
  readonly verdict: Verdict;
  readonly number: number;
  readonly pair: Pair | null;
}

export class Family {
  readonly settings: FamilySettings;
  /** The user took the consent back, or a reuse ended the grant. */
  dead = false;
  readonly #prefixes: { readonly access: string; readonly refresh: string };
  readonly #issued: Issued[] = [];
  /** Tokens with lower numbers are of a consent that was taken back. */
  #livingFrom = 0;
  readonly #access = new Map<string, number>();

  constructor(settings: FamilySettings, prefixes: { readonly access: string; readonly refresh: string }) {
    this.settings = settings;
    this.#prefixes = prefixes;
  }

  /** A new refresh token and an access token with it, as after a consent. */
  issue(nowMs: number): Pair {
    const token = `${this.#prefixes.refresh}${random()}`;
    this.#issued.push({ token, issuedAtMs: nowMs, spentAtMs: null, successor: null });
    return this.#pairFor(this.#issued.length - 1, nowMs);
  }

  /** The user consents: a pair of its own. Tokens that were dead stay dead, those that live go on beside it. */
  consent(nowMs: number): Pair {
    if (this.dead) {
      this.#livingFrom = this.#issued.length;
      this.#access.clear();
      this.dead = false;
    }
    return this.issue(nowMs);
  }

  /** The place of a refresh token, or -1. */
  numberOf(token: string): number {
    return this.#issued.findIndex((one) => one.token === token);
  }

  /** What presenting token number `number` would be now, without presenting it. */
  judge(number: number, nowMs: number): Verdict {
    const { graceS, refreshTtlS } = this.settings;
    const one = this.#issued[number];
    if (this.dead || one === undefined || number < this.#livingFrom) return 'dead';
    if (refreshTtlS !== null && nowMs >= one.issuedAtMs + refreshTtlS * 1000) return 'expired';
    if (one.spentAtMs === null) return 'fresh';
    return graceS === null || nowMs < one.spentAtMs + graceS * 1000 ? 'in_grace' : 'reuse';
  }

  /** Presents it. A spent one in its grace gets its successor again, so that a lost answer is made good. */
  present(number: number, nowMs: number): Use {
    const verdict = this.judge(number, nowMs);
    const one = this.#issued[number];
    if (verdict === 'reuse' && this.settings.reuse === 'revoke') this.dead = true;
    if (one === undefined || (verdict !== 'fresh' && verdict !== 'in_grace'))
      return { verdict, number, pair: null };
    if (this.settings.rotation === 'static') return { verdict, number, pair: this.#pairFor(number, nowMs) };
    if (verdict === 'in_grace' && one.successor !== null) {
      return { verdict, number, pair: this.#pairFor(one.successor, nowMs) };
    }
    const pair = this.issue(nowMs);
    one.spentAtMs = nowMs;
    one.successor = pair.number;
    return { verdict, number, pair };
  }

  accepts(accessToken: string, nowMs: number): boolean {
    return !this.dead && nowMs < (this.#access.get(accessToken) ?? 0);
  }

  /** How many refresh tokens there were, and which numbers would still be answered. */
  summary(nowMs: number): { issued: number; living: number[] } {
    const living = this.#issued
      .map((_, number) => number)
      .filter((number) => {
        const verdict = this.judge(number, nowMs);
        return verdict === 'fresh' || verdict === 'in_grace';
      });
    return { issued: this.#issued.length, living };
  }

  #pairFor(number: number, nowMs: number): Pair {
    if (this.settings.endsOldAccess) this.#access.clear();
    const own = this.#issued[number]?.token ?? '';
    const accessToken = this.settings.isOneToken ? own : `${this.#prefixes.access}${random()}`;
    this.#access.set(accessToken, nowMs + this.settings.accessTtlS * 1000);
    return { accessToken, refreshToken: this.#issued[number]?.token ?? '', number };
  }
}

const random = (): string => randomBytes(24).toString('base64url');

/**
 * The rates of one request: which rules are spent, and which one has counted it. A request that is refused after it was
 * counted is given back, so that refused requests do not count.
 */

import type { RateUse } from '#accounts/door/answer.ts';
import { agentStub } from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { AgentProof } from '#callers/proof.ts';
import { ProblemError, type RateLimitPolicy } from '#contract/problem.ts';
import type { Config } from '#env.ts';
import { limitOf, rateKeyOf, type Limit } from '#policy/fields/rate.ts';

interface Counted extends Limit {
  readonly rule: number;
  readonly key: string;
  readonly atMs: number;
  readonly left: number;
}

interface Spent extends Limit {
  readonly rule: number;
  readonly retryAfterMs: number;
}

interface Named {
  readonly connection: string | null;
  readonly identifier: string | null;
}

export class RequestRates {
  readonly #config: Config;
  readonly #caller: AgentProof;
  readonly #context: RequestContext;
  readonly #spent: Spent[] = [];
  #counted: Counted | null = null;
  #isRepeat = false;

  constructor(config: Config, caller: AgentProof, context: RequestContext) {
    this.#config = config;
    this.#caller = caller;
    this.#context = context;
  }

  /** Indices of the rules that let this request not pass any more. */
  get spent(): readonly number[] {
    return this.#spent.map(({ rule }) => rule);
  }

  /** What the account is told; left out for an agent whose rules have no rates. */
  use(): { rates?: RateUse } {
    const { rules } = this.#caller.policy;
    if (rules.every(({ rate }) => rate === undefined)) return {};
    return { rates: { counted: this.#counted?.rule ?? null, spent: this.spent } };
  }

  /**
   * Counts the request under this rule, where it has a rate; what was counted under another is given back. False: the
   * rule is spent. @throws ProblemError where it cannot be counted
   */
  async count(rule: number, { connection, identifier }: Named): Promise<boolean> {
    const { rules } = this.#caller.policy;
    const limit = rules[rule] === undefined ? null : limitOf(rules[rule]);
    if (this.#counted?.rule === rule) return true;
    await this.giveBack();
    if (limit === null) return true;
    const key = rateKeyOf(rules, rule);
    const asked = { key, rule, ...limit, connection, identifier, context: this.#context };
    const answer = await agentStub(this.#config, this.#caller.id).takeRate(asked);
    if (!answer.ok) {
      const { code, detail } = answer;
      const known = code === 'vault_locked' || code === 'record_corrupt' ? code : 'unavailable';
      throw new ProblemError(known, { detail, retryAfterS: 5 });
    }
    const { outcome } = answer;
    if (outcome.taken) this.#counted = { rule, key, ...limit, atMs: outcome.atMs, left: outcome.left };
    else this.#spent.push({ rule, ...limit, retryAfterMs: outcome.retryAfterMs });
    return outcome.taken;
  }

  /** The request is one that was counted, once more: it counts as that one, which is not given back. */
  repeat(first: RequestRates): void {
    this.#counted = first.#counted;
    this.#isRepeat = true;
  }

  /** The request was refused: it does not count. An agent that is gone meanwhile has no count either. */
  async giveBack(): Promise<void> {
    const counted = this.#counted;
    this.#counted = null;
    const isRepeat = this.#isRepeat;
    this.#isRepeat = false;
    if (counted === null || isRepeat) return;
    const { key, atMs } = counted;
    await agentStub(this.#config, this.#caller.id).giveBackRate({ key, atMs });
  }

  /** Every rule that allows the request is spent. */
  refusal(): ProblemError {
    const soonest = this.#spent.reduce((one, other) => (other.retryAfterMs < one.retryAfterMs ? other : one));
    return new ProblemError('rate_limited', {
      detail: `rule ${soonest.rule} of the agent's policy allows ${soonest.limit} requests in ${soonest.periodMs / 1000} s`,
      retryAfterS: soonest.retryAfterMs / 1000,
      policy: policyOf(soonest),
    });
  }

  /** Of an answer that was counted: what is left. */
  headers(): Record<string, string> {
    if (this.#counted === null) return {};
    const { name, quota, windowS } = policyOf(this.#counted);
    return {
      'ratelimit-policy': `"${name}";q=${quota};w=${windowS}`,
      ratelimit: `"${name}";r=${this.#counted.left}`,
    };
  }
}

function policyOf({ rule, limit, periodMs }: Limit & { readonly rule: number }): RateLimitPolicy {
  return { name: `rule-${rule}`, quota: limit, windowS: periodMs / 1000 };
}

/** The way of an MCP call through an account's door: for the list of a server's tools, or for one of them. */

import { accountStub } from '#accounts/stub.ts';
import type { AskedUse } from '#accounts/approvals/machine.ts';
import type { AgentProof } from '#callers/proof.ts';
import { ProblemError } from '#contract/problem.ts';
import { contentDigest } from '#crypto/digest.ts';
import { guardOfProvider } from '#egress/guard/guard.ts';
import { injectorOf } from '#egress/injector/injector.ts';
import type { CallEnd, Gate, LetOut } from '#proxy/forward.ts';
import { canonical } from '#tools/mcp/described.ts';
import type { Arrival } from '../arrival.ts';
import {
  askById,
  askByName,
  giveBackYes,
  releaseRequest,
  untilDecided,
  type Ask,
  type Released,
  type Wish,
} from '../asking/asking.ts';

/** Whose account is meant: by its id, or by the short form. */
export type Addressee =
  { readonly accountId: string } | { readonly connection: string; readonly identifier: string | null };

/** The tool as policies, records and people know it, with its arguments; null: the list of all. */
export type AskedTool = {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
} | null;

const AWAY: ReadonlySet<string> = new Set(['unavailable', 'vault_locked', 'internal']);
const MOST_SHOWN = 2_000;

export class McpGate implements Gate {
  readonly #arrival: Arrival;
  readonly #addressee: Addressee;
  readonly #tool: AskedTool;
  #accountId: string | null = null;
  /** Of the last time: what it counted. */
  #rates: Ask['rates'] | null = null;

  constructor(arrival: Arrival, addressee: Addressee, tool: AskedTool) {
    this.#arrival = arrival;
    this.#addressee = addressee;
    this.#tool = tool;
  }

  waitUntil = (work: Promise<unknown>): void => this.#arrival.waitUntil(work);

  letOut = (rejected: string | null): Promise<LetOut> =>
    this.#asked(rejected, async (ask) => {
      if (rejected !== null && this.#rates !== null) ask.rates.repeat(this.#rates);
      const released = await this.#ask(ask);
      return released === 'again' ? released : this.#out(ask, released);
    });

  mayGoOn = async (): Promise<boolean> => {
    const id = this.#accountId;
    if (id === null) return true;
    try {
      return await this.#asked(null, (ask) =>
        accountStub(this.#arrival.config, id).mayGoOn({ ...releaseRequest(ask), byId: true }),
      );
    } catch (error) {
      // A caller that cannot prove itself any more, or may not; what is only away says nothing.
      if (error instanceof ProblemError && !AWAY.has(error.code)) return false;
      throw error;
    }
  };

  get #use() {
    return { action: 'mcp', tool: this.#tool?.name ?? null, method: null, path: null } as const;
  }

  #asked<T>(rejected: string | null, attempt: (ask: Ask) => Promise<T | 'again'>): Promise<T> {
    const wish = (caller: AgentProof): Wish => ({
      use: { ...this.#use, ...approved(caller, this.#tool) },
      scopes: null,
      rejected,
    });
    return untilDecided(this.#arrival, wish, attempt);
  }

  #ask(ask: Ask): Promise<Released | 'again'> {
    if ('accountId' in this.#addressee) return askById(ask, this.#addressee.accountId);
    return askByName(ask, { agentId: 'self', organization: null, ...this.#addressee });
  }

  #out({ context, rates }: Ask, released: Released): LetOut {
    if (!('injection' in released)) throw new Error('internal: a call got what a request for a token needs');
    const { injection, began } = released;
    this.#accountId = injection.accountId;
    this.#rates = rates;
    const { config } = this.#arrival;
    return {
      injector: injectorOf(injection),
      facts: injection,
      guard: guardOfProvider(config, injection.provider),
      ended: (end: CallEnd) => {
        const told = { ...end, began, use: this.#use, fingerprint: injection.fingerprint, context };
        const work = accountStub(config, injection.accountId)
          .callEnded(told)
          .catch(() => false);
        this.waitUntil(work);
        return work;
      },
      giveBack: () => giveBackYes(config, injection.accountId, released, context),
    };
  }
}

/** What a person who is asked says yes to; made only for agents with a rule that asks. */
function approved(
  { policy, grantedRules }: Pick<AgentProof, 'policy' | 'grantedRules'>,
  tool: AskedTool,
): Partial<Pick<AskedUse, 'digest' | 'preview'>> {
  const rules = [policy.rules, ...grantedRules].flat();
  if (tool === null || rules.every(({ approval }) => approval === undefined)) return {};
  const told = canonical(tool.arguments);
  const preview = JSON.stringify(tool.arguments, null, 2);
  return {
    digest: contentDigest(['mcp call v1', tool.name], new TextEncoder().encode(told)),
    preview: preview.length > MOST_SHOWN ? null : preview,
  };
}

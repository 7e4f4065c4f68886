/**
 * The way through one account's door, for every sending of one call: each is proved, decided, counted and recorded. Knows
 * nothing of what is sent.
 */

import type { CallEnded } from '#accounts/door/answer.ts';
import type { AskedUse } from '#accounts/approvals/machine.ts';
import { accountStub } from '#accounts/stub.ts';
import type { AgentProof } from '#callers/proof.ts';
import { ProblemError } from '#contract/problem.ts';
import { wantMetadata } from '#directory/connections/metadata-age.ts';
import { guardOfProvider } from '#egress/guard/guard.ts';
import { injectorOf } from '#egress/injector/injector.ts';
import { systemNow } from '#lib/clock.ts';
import { MCP } from '#providers/mcp.ts';
import type { ToolDemand } from '#policy/needs.ts';
import type { CallEnd, Gate, LetOut } from '#proxy/forward.ts';
import type { Arrival } from '../arrival.ts';
import {
  askById,
  askByName,
  giveBackYes,
  releaseRequest,
  untilDecided,
  type Ask,
  type Named,
  type Released,
  type Wish,
} from './asking.ts';

/** Whose account is meant: by its id, or by the short form. */
export type Target = { readonly accountId: string } | Named;

/** A request beside its use: the content that a person approves, and the scopes and accounts that a tool demands. */
export interface Asked {
  readonly use: Partial<AskedUse>;
  readonly demand?: ToolDemand;
}

/** The way through one account's door, for every sending of one call. */
export class AccountGate implements Gate {
  readonly #arrival: Arrival;
  readonly #target: Target;
  readonly #use: CallEnded['use'];
  readonly #asked: (caller: AgentProof) => Asked;
  #accountId: string | null = null;
  /** Of the last sending: what it counted. */
  #rates: Ask['rates'] | null = null;

  /** @param asked what one caller asks for beside the use that every record names */
  constructor(
    arrival: Arrival,
    target: Target,
    use: Pick<CallEnded['use'], 'action' | 'method' | 'path'> & { readonly tool?: string },
    asked: (caller: AgentProof) => Asked,
  ) {
    this.#arrival = arrival;
    this.#target = target;
    this.#use = { ...use, tool: use.tool ?? null };
    this.#asked = asked;
  }

  waitUntil = (work: Promise<unknown>): void => this.#arrival.waitUntil(work);

  letOut = (rejected: string | null): Promise<LetOut> =>
    this.#tried(rejected, async (ask) => {
      if (rejected !== null && this.#rates !== null) ask.rates.repeat(this.#rates);
      const released = await this.#ask(ask);
      return released === 'again' ? released : this.#out(ask, released);
    });

  mayGoOn = async (): Promise<boolean> => {
    const target = this.#target;
    const id = this.#accountId ?? ('accountId' in target ? target.accountId : null);
    if (id === null) return true;
    try {
      return await this.#tried(null, (ask) =>
        accountStub(this.#arrival.config, id).mayGoOn({ ...releaseRequest(ask), byId: true }),
      );
    } catch (error) {
      // A caller that cannot prove itself any more, or may not; what is only away says nothing.
      if (error instanceof ProblemError && !AWAY.has(error.code)) return false;
      throw error;
    }
  };

  #tried<T>(rejected: string | null, attempt: (ask: Ask) => Promise<T | 'again'>): Promise<T> {
    const wish = (caller: AgentProof): Wish => {
      const { use, demand } = this.#asked(caller);
      return {
        use: { ...this.#use, ...use },
        scopes: null,
        rejected,
        ...(demand === undefined ? {} : { demand }),
      };
    };
    return untilDecided(this.#arrival, wish, attempt);
  }

  #ask(ask: Ask): Promise<Released | 'again'> {
    const target = this.#target;
    return 'accountId' in target ? askById(ask, target.accountId) : askByName(ask, target);
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
      refusedAnew: () => {
        if (injection.provider !== MCP) return;
        const wanted = wantMetadata(config.directory, injection.connection, systemNow());
        this.waitUntil(wanted.catch(() => undefined));
      },
      giveBack: () => giveBackYes(config, injection.accountId, released, context),
    };
  }
}

const AWAY: ReadonlySet<string> = new Set(['unavailable', 'vault_locked', 'internal']);

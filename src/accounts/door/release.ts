/**
 * THE DOOR. Decides, records and hands out in one transaction: no credential leaves without its durable record, and
 * none after a change that came in between. The only place in this room that reveals a secret.
 *
 * A request goes round: what a decision needs and memory does not hold (an opened key, a decrypted token, a refresh)
 * is fetched outside the transaction, then the decision is made again from the rows.
 */

import { decideAtDoor1 } from '#policy/decide.ts';
import { arrivedAgent } from '#policy/granted.ts';
import { FOR_TOKEN, type Place } from '#policy/request.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { Account } from '../account.ts';
import type { FlightResult } from '../refreshing/flight.ts';
import { CatchUp } from '../refreshing/provider/catch-up.ts';
import { TokenCheck, type ToldOfGrant } from '../refreshing/provider/token-check.ts';
import type { Refresher } from '../refreshing/refresher.ts';
import type { OpenedAccount } from '../vault.ts';
import type { CallEnded, DoorRequest, Refusal, ReleaseRequest, ReleaseResult } from './answer.ts';
import { callEnded } from '../calls/call-end.ts';
import { corruptRefusal, decideRelease, stillAllowed } from './decide.ts';
import type { OpenedCredentials } from './opened.ts';
import type { Round, Step } from './step.ts';

/** Rounds that one request may take: open, decrypt, refresh, decrypt again, decide. */
const MAX_ROUNDS = 10;

function refused(refusal: Refusal): ReleaseResult {
  return { ok: false, refusal };
}

/** A question to rows that may have been changed outside the broker, and the answer where they were. */
function orCorrupt<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof CorruptRowError) return otherwise;
    throw error;
  }
}

export class Door {
  readonly #object: Account;
  readonly #refresher: Refresher;
  readonly #credentials: OpenedCredentials;
  readonly #catchUp: CatchUp;
  readonly #tokens: TokenCheck;

  constructor(object: Account, refresher: Refresher, credentials: OpenedCredentials) {
    this.#object = object;
    this.#refresher = refresher;
    this.#credentials = credentials;
    this.#catchUp = new CatchUp(object);
    this.#tokens = new TokenCheck(object);
  }

  async release(sent: ReleaseRequest): Promise<ReleaseResult> {
    const request: DoorRequest = { ...sent, agent: arrivedAgent(sent.agent) };
    const arrived = this.#arrived(request);
    let flown: FlightResult | null = null;
    let caughtUp = false;
    let verdict: ToldOfGrant | null = null;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const opened = this.#object.vault.ready();
      if (opened === null) {
        const problem = await this.#open(request);
        if (problem !== null) return problem;
        continue;
      }
      const step = await this.#decide(opened, request, { flown, ...arrived, caughtUp, verdict });
      switch (step.kind) {
        case 'done':
          return step.result;
        case 'again':
          return { ok: false, again: true };
        case 'catch_up':
          await this.#catchUp.now(opened);
          caughtUp = true;
          break;
        case 'decrypt': {
          const corrupt = await this.#credentials.open(opened, step.grant, step.scopeKey);
          if (corrupt) return this.#recordCorrupt(opened, request);
          break;
        }
        case 'ask': {
          const state = this.#object.store.state(opened.key.mac);
          const { id: grantId, generation } = step.grant;
          const told = state === null ? 'unsure' : await this.#tokens.verdict(state, step.grant);
          verdict = { grantId, generation, verdict: told };
          break;
        }
        case 'refresh':
          flown = await this.#refresher.ensure(opened, step.grant, step.trigger, step.scopes);
          if (flown.kind === 'full') {
            return refused({
              code: 'unavailable',
              detail: 'too many callers wait for this account',
              retryAfterS: 1,
            });
          }
          // The flight was for other scopes, or for a grant that was replaced meanwhile: this request still needs its
          // own.
          if (flown.kind === 'other') return { ok: false, again: true };
          if (flown.kind === 'settled' && flown.as === 'overtaken') flown = null;
      }
    }
    return refused({
      code: 'unavailable',
      detail: 'the account changes faster than it can be read',
      retryAfterS: 1,
    });
  }

  /** Nothing is recorded: the call was, and so will be its end. */
  async mayGoOn(request: ReleaseRequest): Promise<boolean> {
    const opened = await this.#opened();
    return (
      opened !== null &&
      orCorrupt(
        () => stillAllowed(this.#object, opened, { ...request, agent: arrivedAgent(request.agent) }),
        false,
      )
    );
  }

  async callEnded(ended: CallEnded): Promise<boolean> {
    const opened = await this.#opened();
    if (opened === null) return false;
    return this.#object.pump.submit(() => orCorrupt(() => callEnded(this.#object, opened, ended), false));
  }

  async #opened(): Promise<OpenedAccount | null> {
    const ready = this.#object.vault.ready();
    if (ready !== null) return ready;
    const opened = await this.#object.vault.open();
    return opened.ok ? opened.value : null;
  }

  /** By the account's clock: when the request came to the Worker that sent it, and of when the agent's proof is. */
  #arrived({ heldMs = 0, provedMsAgo }: DoorRequest): Pick<Round, 'startedAtMs' | 'provedAtMs'> {
    const nowMs = this.#object.now();
    return {
      startedAtMs: nowMs - heldMs,
      provedAtMs: provedMsAgo === undefined ? null : nowMs - provedMsAgo,
    };
  }

  /** Opens the account's key; a refusal when there is nothing to open or it does not open. */
  async #open(request: DoorRequest): Promise<ReleaseResult | null> {
    const opened = await this.#object.vault.open();
    if (!opened.ok) {
      const { code, detail } = opened.error;
      return code === 'vault_locked' ? refused({ code, detail, retryAfterS: 30 }) : this.#corrupt(request);
    }
    if (opened.value !== null) return null;
    return refused({ code: 'not_found', wall: { reason: 'not_found', connection: null, identifier: null } });
  }

  #decide(opened: OpenedAccount, request: DoorRequest, round: Round): Promise<Step> {
    return this.#object.pump.submit(() => this.#step(opened, request, round));
  }

  /** Inside the flush. */
  #step(opened: OpenedAccount, request: DoorRequest, round: Round): Step {
    try {
      return decideRelease(this.#object, this.#credentials, opened, request, round);
    } catch (error) {
      if (error instanceof CorruptRowError) return { kind: 'done', result: this.#corrupt(request) };
      throw error;
    }
  }

  /**
   * The account's own rows cannot be trusted, so its chain takes no record: the refusal goes into the agent's. The
   * claims of these rows may only refuse more: a caller for whom the account does not exist is not told that it is
   * corrupt.
   */
  #corrupt(request: DoorRequest): ReleaseResult {
    const names = this.#object.store.claimedNames();
    const { agent } = request;
    const isAllowed = names !== null && this.#allows(request, names);
    // Rows that are gone or another account's say nothing of this one. The short form has named it, and door 1 allowed it.
    const known = this.#object.vault.isOwnedByRows() ? isAllowed : !request.byId;
    // The names of another tenant's account stay out of this agent's chain.
    const own = isAllowed || names?.organization === agent.organization;
    const where = {
      connection: own ? (names?.connection ?? null) : null,
      identifier: own ? (names?.identifier ?? null) : null,
    };
    return known
      ? refused({ code: 'record_corrupt', wall: { reason: 'record_corrupt', ...where } })
      : refused({ code: 'not_found', wall: { reason: 'not_found', ...where } });
  }

  #allows({ agent, use }: DoorRequest, { connection, identifier, organization }: Place): boolean {
    const place = { connection, identifier, organization };
    return decideAtDoor1(agent, { ...FOR_TOKEN, ...use, ...place, nowMs: this.#object.now() }).allowed;
  }

  /** The stored credential does not open: recorded, refused, and left as it is for the operator. */
  #recordCorrupt(opened: OpenedAccount, request: DoorRequest): Promise<ReleaseResult> {
    return this.#object.pump.submit(() => corruptRefusal(this.#object, opened, request));
  }
}

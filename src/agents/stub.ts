/**
 * How others call an agent's object. Typed by hand: the platform's generic stub type gives up on these results
 * ("excessively deep"). Every method takes one object and returns a tagged result; fields are only ever added.
 */

import type { RequestContext } from '#audit/record.ts';
import type { ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import type { Jwks } from '#contract/callers/agent-proofs.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import type { Config } from '#env.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';
import type { Taken } from '#policy/fields/rate.ts';
import type { AgentAnomaly } from '#webhooks/event.ts';
import type { KeyView, NewKey } from './keys.ts';
import type { CreateInput, Created, UpdateInput, Viewed } from './lifecycle.ts';
import type { Outcome } from './outcome.ts';
import type { AuthRecord } from './record.ts';
import type { GiveBackInput, PeekInput, TakeInput } from './rates/rates.ts';
import type { AuthFailInput, RefusalInput } from './refusals.ts';
import type { EndTokenInput, Issued, IssueInput, Use, UsedAssertion, UsedProof } from './tokens/tokens.ts';
import type { RevokeAgentInput } from './revoked/revoke-agent.ts';

type Empty = Record<never, never>;

export interface ClientKeys {
  readonly agent: AuthRecord;
  readonly jwks: Jwks | null;
  readonly jwksUri: string | null;
}

interface Operations {
  readonly view: [Empty, Viewed];
  readonly update: [UpdateInput, Viewed];
  readonly remove: [{ readonly context: RequestContext }, Outcome];
  readonly suspend: [{ readonly context: RequestContext }, Viewed];
  readonly resume: [{ readonly context: RequestContext }, Viewed];
  readonly end_tokens: [{ readonly context: RequestContext }, Viewed];
  readonly add_key: [{ readonly context: RequestContext; readonly lifeMs?: number | null }, Outcome<NewKey>];
  readonly list_keys: [Empty, Outcome<{ readonly keys: readonly KeyView[] }>];
  readonly delete_key: [{ readonly keyId: string; readonly context: RequestContext }, Outcome];
}

export type OperationName = keyof Operations;
export type OperationInput<D extends OperationName> = Operations[D][0];
export type OperationAnswers = { readonly [D in OperationName]: Operations[D][1] };
/** `organization`: whose agents the operator may know of; null: unbound, all. */
export type Operation = {
  [D in OperationName]: { readonly do: D; readonly organization: string | null } & OperationInput<D>;
}[OperationName];

export interface AgentRpc {
  /** What an operator does, see `operate.ts`; ask by `askAgent`. */
  operate(operation: Operation): Promise<OperationAnswers[OperationName]>;
  create(input: CreateInput): Promise<Created>;
  view(input: Empty): Promise<Viewed>;
  update(input: UpdateInput): Promise<Viewed>;
  remove(input: { readonly context: RequestContext }): Promise<Outcome>;
  /** Twice: ok, one record. */
  suspend(input: { readonly context: RequestContext }): Promise<Viewed>;
  resume(input: { readonly context: RequestContext }): Promise<Viewed>;
  /** The kill switch: suspends it and ends what was issued to it until then. The same one twice: ok, nothing changes. */
  revoke(input: RevokeAgentInput): Promise<Outcome>;
  /** `lifeMs` null or left out: the key has no end. */
  addKey(input: {
    readonly context: RequestContext;
    readonly lifeMs?: number | null;
  }): Promise<Outcome<NewKey>>;
  listKeys(input: Empty): Promise<Outcome<{ readonly keys: readonly KeyView[] }>>;
  deleteKey(input: { readonly keyId: string; readonly context: RequestContext }): Promise<Outcome>;
  /** What authenticating needs. The caller keeps it for at most one second. */
  lookup(input: Empty): Promise<Outcome<{ readonly agent: AuthRecord }>>;
  /** The same with the agent's own public keys, for a client that signs an assertion with one of them. */
  clientKeys(input: Empty): Promise<Outcome<ClientKeys>>;
  /** Durable when it answers `ok` without `refused`: the token may be signed then. */
  issueToken(input: IssueInput): Promise<Issued>;
  /** Notes an assertion that proves a client at another endpoint than that for tokens. */
  useAssertion(input: UsedAssertion): Promise<Outcome<{ readonly used: Use }>>;
  /** Notes the proof of a key, durably, that comes with a token which is bound to that key. */
  useProof(input: UsedProof): Promise<Outcome<{ readonly used: Use }>>;
  /** Twice: ok, one record. */
  endToken(input: EndTokenInput): Promise<Outcome>;
  signingCopy(input: Empty): Promise<Outcome<{ readonly signing: string | null }>>;
  touchKey(input: {
    readonly keyId: string;
    readonly atMs: number;
  }): Promise<Outcome<{ readonly written: boolean }>>;
  /** Durable when it answers `ok`: a refusal that could not be recorded is told by the caller as `unavailable`. */
  recordRefusal(input: RefusalInput): Promise<Outcome>;
  /** One record per existing key and minute, and one per minute for all other methods; a key that is not there changes nothing. */
  recordAuthFail(input: AuthFailInput): Promise<Outcome<{ readonly recorded: boolean }>>;
  /** Tells with an event what the agent met; the caller sees to it that each is told once. */
  tellAnomaly(input: { readonly anomaly: AgentAnomaly }): Promise<Outcome>;
  /** Counts a request under a rule with `rate`, unless that is spent. What is refused is recorded once a minute. */
  takeRate(input: TakeInput): Promise<Outcome<{ readonly outcome: Taken }>>;
  /** How long until the next request is taken (ms; 0: at once). */
  peekRate(input: PeekInput): Promise<Outcome<{ readonly waitMs: number }>>;
  /** What was counted was refused after all. */
  giveBackRate(input: GiveBackInput): Promise<Outcome>;
  /** How an attempt of a delivery ended; told by the Deliverer, perhaps twice. `locked`: tell it again. */
  outboxSettled(report: DeliveryReport): Promise<string>;
  /** Also of a deleted agent. Null: no such delivery is held. */
  redeliver(input: {
    readonly deliveryId: string;
  }): Promise<Outcome<{ readonly delivery: DeliveryRow | null }>>;
  /**
   * Newest first, below `before`; also of a deleted agent. `organization`: whose records alone are wanted, and
   * `not_found` where the agent is another's; null: all.
   */
  auditRecords(input: {
    readonly organization: string | null;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<Outcome<{ readonly page: ChainPage }>>;
  verifyAudit(input: Empty): Promise<Outcome<{ readonly verification: Verification }>>;
}

/** The agent's object. Make a new stub for every try: a stub that threw may stay broken. */
export function agentStub(config: Pick<Config, 'agents'>, agentId: string): AgentRpc {
  return config.agents.getByName(agentId) as unknown as AgentRpc;
}

/** One operation on an agent, by an operator of `organization` (null: unbound). */
export function askAgent<D extends OperationName>(
  stub: AgentRpc,
  name: D,
  organization: string | null,
  input: OperationInput<D>,
): Promise<OperationAnswers[D]> {
  const operation = { ...input, do: name, organization } as unknown as Operation;
  return stub.operate(operation) as Promise<OperationAnswers[D]>;
}

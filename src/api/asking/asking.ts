/**
 * How a credential is asked for, in both forms and for every use: the caller is proved, door 1 decides what the request
 * and the agent alone decide, the account's door 2 the rest. Knows nothing of the app and of answers: `tokens/token-fetch.ts`
 * makes a token's of what is released here, `proxy/call.ts` a call's.
 */

import { arrived, type Arrived, type Refusal, type ReleaseRequest } from '#accounts/door/answer.ts';
import { askApproval } from '#accounts/approvals/ask.ts';
import type { AskedUse } from '#accounts/approvals/machine.ts';
import { accountStub } from '#accounts/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import { isFresh, type AgentProof } from '#callers/proof.ts';
import { ACCOUNT_ID_PATTERN, Name } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { DEFAULT_MIN_TTL_S } from '#contract/accounts/tokens.ts';
import { accountId } from '#crypto/digest.ts';
import { cutOffs, cutOffsAgeMs, type CutOffs } from '#directory/revocations/cut-offs.ts';
import { admitAgent } from '#directory/indexes/known-objects.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { decideAtDoor1, type Door1Decision } from '#policy/decide.ts';
import { sentAgent } from '#policy/granted.ts';
import type { ToolDemand } from '#policy/needs.ts';
import { reachesAccount } from '#policy/reach.ts';
import { FOR_TOKEN, type Place } from '#policy/request.ts';
import { purposeOf, type Arrival } from '../arrival.ts';
import { recordContext, recordRefusal, requireAgent } from '../guards.ts';
import { reported } from '../known.ts';
import { linkForMissing } from '../missing-account.ts';
import { RequestRates } from '../rules/rates.ts';

/** The caller's wish, whosever account it is for. */
export interface Wish {
  readonly use: Pick<AskedUse, 'action'> & Partial<AskedUse>;
  /** Seconds that it should still live; left out: the default. */
  readonly minTtlS?: number | undefined;
  /** Asked for less; null: not asked. */
  readonly scopes: readonly string[] | null;
  /** As in `ReleaseRequest`. */
  readonly demand?: ToolDemand;
  readonly rejected: string | null;
  readonly withApi?: boolean;
}

/** One try of a request: its caller, proved, and the account's door before it. */
export interface Ask {
  readonly arrival: Arrival;
  readonly caller: AgentProof;
  readonly context: RequestContext;
  readonly wish: Wish;
  readonly byId: boolean;
  readonly rates: RequestRates;
  readonly cutOffs: CutOffs | null;
  readonly waitedMs: number;
  /** When the proof was in hand; what it shows may be older. */
  readonly provenAtMs: number;
}

/** A request that waits for a refresh is proved anew before anything leaves; so long may that take in all. */
const PATIENCE_MS = 30_000;

/** What an account lets out. */
export type Released = Extract<Arrived, { ok: true }>;

type Tried = Released | 'again';

/** By account id. @throws ProblemError */
export async function askById(ask: Ask, id: string): Promise<Tried> {
  if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
  if (ask.caller.status !== 'active') return refuseAtDoor1(ask, 'agent_suspended', null, null);
  const answer = await release({ ...ask, byId: true }, id);
  return isRefusal(answer) ? refuse(ask, answer) : answer;
}

/** The account that the short form names; `organization` null: the agent's own. */
export interface Named {
  readonly agentId: string;
  readonly connection: string;
  /** Null: the agent's own, else the shared one. */
  readonly identifier: string | null;
  readonly organization: string | null;
}

/** By connection and identifier, the short form. @throws ProblemError */
export async function askByName(ask: Ask, named: Named): Promise<Tried> {
  const { agentId, connection, identifier } = named;
  if (agentId !== 'self' && agentId !== ask.caller.id) throw new ProblemError('not_found');
  if (!Name.safeParse(connection).success) throw new ProblemError('not_found');
  const organization = named.organization ?? ask.caller.organization;
  if (ask.caller.organization !== '' && organization !== ask.caller.organization)
    throw invalid('organization', 'is not the organization of this agent');
  return shortForm(ask, { connection, named: identifier, organization });
}

/** Proves the caller and tries, as often as the account says that the proof has become too old meanwhile. */
export async function untilDecided<T>(
  arrival: Arrival,
  wish: (caller: AgentProof) => Wish,
  attempt: (ask: Ask) => Promise<T | 'again'>,
): Promise<T> {
  const startedAtMs = systemNow();
  do {
    const [caller, provenAtMs, list] = await provedBesideCutOffs(arrival);
    const context = { ...recordContext(arrival, caller), purpose: purposeOf(arrival.headers) };
    const tried = await attempt({
      arrival,
      caller,
      context,
      rates: new RequestRates(arrival.config, caller, context),
      wish: wish(caller),
      byId: false,
      cutOffs: list,
      waitedMs: systemNow() - startedAtMs,
      provenAtMs,
    });
    if (tried !== 'again') return tried;
  } while (systemNow() - startedAtMs < PATIENCE_MS);
  throw new ProblemError('unavailable', { detail: 'others keep this account busy', retryAfterS: 1 });
}

/** Both are asked for side by side. A text without the form of a key costs the directory no question. */
async function provedBesideCutOffs(
  arrival: Arrival,
): Promise<readonly [caller: AgentProof, provenAtMs: number, CutOffs | null]> {
  const { config, headers, waitUntil } = arrival;
  const ask = () => cutOffs(config.directory, waitUntil);
  const early = headers.get('authorization')?.includes('vk_agent_') === true ? ask() : null;
  const caller = await requireAgent(arrival);
  const provenAtMs = systemNow();
  const list = early ?? ask();
  return [caller, provenAtMs, list instanceof Promise ? await list : list];
}

async function shortForm(
  ask: Ask,
  {
    connection,
    named,
    organization,
  }: Pick<Place, 'connection' | 'organization'> & { readonly named: string | null },
): Promise<Tried> {
  const { caller } = ask;
  const identifier = named ?? caller.id;
  const place: Place = { connection, identifier, organization };
  const decision = await decideCounted(ask, place);
  const common: Place = { ...place, identifier: 'default' };
  const fallback = named === null && reachesAccount(caller, common);
  if (!decision.allowed && !(fallback && decision.reason === 'identifier_not_allowed')) {
    if (decision.reason === 'rate_limited') throw ask.rates.refusal();
    return refuseAtDoor1(ask, decision.reason, connection, identifier);
  }
  if (decision.allowed) {
    const answer = await release(ask, accountId(organization, connection, identifier));
    if (!isRefusal(answer)) return answer;
    if (answer.code !== 'not_found') return refuse(ask, answer, connection, identifier);
    if (!fallback) return refuseMissing(ask, answer, place);
  }
  const toShared = await decideCounted(ask, common);
  if (!toShared.allowed && toShared.reason === 'rate_limited') throw ask.rates.refusal();
  if (!toShared.allowed) return refuseAtDoor1(ask, toShared.reason, connection, common.identifier);
  const shared = await release(ask, accountId(organization, connection, 'default'));
  if (!isRefusal(shared)) return shared;
  if (shared.code !== 'not_found') return refuse(ask, shared, connection, identifier);
  const own = decision.allowed ? identifier : 'default';
  return refuseMissing(ask, shared, { ...place, identifier: own });
}

/** Nothing is there, as the account itself would say it. */
const NOT_FOUND: Refusal = {
  code: 'not_found',
  wall: { reason: 'not_found', connection: null, identifier: null },
};

/** The account's answer, where one may be there and the proof has not grown old on the way to it and back. */
async function release(ask: Ask, id: string): Promise<Tried | Refusal> {
  const { config } = ask.arrival;
  const admitted = admitAgent(config, ask.caller.id, id);
  const admission = admitted instanceof Promise ? await admitted : admitted;
  if (!admission.ok && admission.why === 'unknown') return NOT_FOUND;
  const isThere = (answer: Tried | Refusal) => !isRefusal(answer) || answer.code !== 'not_found';
  const answer = await reported(admission, () => releaseCounted(ask, id), isThere);
  let kept: Tried | Refusal = 'again';
  try {
    if (await isStillProved(ask)) kept = answer;
  } finally {
    if (kept === 'again' && answer !== 'again' && !isRefusal(answer)) await takeBack(ask, id, answer);
  }
  if (kept === 'again' || isRefusal(kept)) await ask.rates.giveBack();
  return kept;
}

/** The Worker drops a released credential: the call is recorded as not sent, and the yes is given back. Never throws. */
async function takeBack({ arrival, wish, context }: Ask, id: string, released: Released): Promise<void> {
  const { config } = arrival;
  if ('began' in released) {
    const { tool = null, method = null, path = null, action } = wish.use;
    const told = { outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 } as const;
    const { began, injection } = released;
    const use = { action, tool, method, path };
    await accountStub(config, id)
      .callEnded({ ...told, began, use, fingerprint: injection.fingerprint, context })
      .catch(() => false);
  }
  await giveBackYes(config, id, released, context);
}

/** The yes that let this out is as it was before, where there was one. Never throws: then it stays spent. */
export async function giveBackYes(
  config: Config,
  accountId: string,
  { spent }: Released,
  context: RequestContext,
): Promise<void> {
  if (spent === undefined) return;
  await askApproval(config, accountId, 'give_back', { spent, context }).catch((error: unknown) =>
    log('warn', 'a yes stays spent', { connected_account_id: accountId, error }),
  );
}

/** @throws ProblemError where the proof does not hold any more */
async function isStillProved({ arrival, caller }: Ask): Promise<boolean> {
  if (isFresh(caller, systemNow())) return true;
  const now = await requireAgent(arrival);
  const isAsBefore =
    now.status === caller.status &&
    now.organization === caller.organization &&
    JSON.stringify(now.policy) === JSON.stringify(caller.policy);
  return isAsBefore && isFresh(now, systemNow());
}

/**
 * Door 1, and the count of the rule that decides: after all else of this door. A spent rule leaves the request to the
 * next one that allows it.
 */
async function decideCounted(ask: Ask, place: Place): Promise<Door1Decision> {
  const { caller, rates } = ask;
  for (;;) {
    const request = { ...FOR_TOKEN, ...useOf(ask), ...place, nowMs: systemNow(), spent: rates.spent };
    const decision = decideAtDoor1(caller, request);
    if (!decision.allowed || (await rates.count(decision.rule, place))) return decision;
  }
}

/** Asks the account, which names the rule that decides where it is another one than was counted, or none was. */
async function releaseCounted(ask: Ask, id: string): Promise<Tried | Refusal> {
  for (;;) {
    const answer = await releaseBy(ask, id);
    if (answer === 'again' || !('count' in answer)) return answer;
    await ask.rates.count(answer.count, { connection: null, identifier: null });
  }
}

async function releaseBy(ask: Ask, id: string): Promise<Tried | Refusal | { readonly count: number }> {
  const result = arrived(await accountStub(ask.arrival.config, id).release(releaseRequest(ask)));
  if (result.ok) return result;
  if ('again' in result) return 'again';
  return 'count' in result ? { count: result.count } : result.refusal;
}

/** What the account's door is told. */
export function releaseRequest(ask: Ask): ReleaseRequest {
  const { arrival, caller, wish } = ask;
  const nowMs = systemNow();
  return {
    agent: sentAgent(caller),
    use: useOf(ask),
    byId: ask.byId,
    minTtlMs: (wish.minTtlS ?? DEFAULT_MIN_TTL_S) * 1000,
    minTtlExplicit: wish.minTtlS !== undefined,
    scopes: wish.scopes,
    ...(wish.demand === undefined ? {} : { demand: wish.demand }),
    rejected: wish.rejected,
    ...(wish.withApi === true ? { withApi: true } : {}),
    waitedMs: ask.waitedMs,
    heldMs: Math.max(0, nowMs - ask.provenAtMs),
    provedMsAgo: Math.max(nowMs - caller.provedAtMs, cutOffsAgeMs(arrival.config.directory)),
    agentLife: caller.life,
    cutOffs: ask.cutOffs,
    context: ask.context,
    ...ask.rates.use(),
  };
}

function useOf({ wish, context }: Ask): Wish['use'] {
  return { ...wish.use, purpose: context.purpose ?? null };
}

function isRefusal(answer: Tried | Refusal): answer is Refusal {
  return answer !== 'again' && 'code' in answer;
}

/** No account stands behind what a rule allows: the answer says which one is missing, and how its user makes it. */
async function refuseMissing(ask: Ask, refusal: Refusal, missing: Place): Promise<never> {
  const { connection, identifier } = missing;
  const link = await linkForMissing(ask.arrival, ask.caller, ask.context, missing, useOf(ask));
  const members = {
    connected_account_id: link.accountId,
    ...(link.url === null ? {} : { connect_url: link.url }),
  };
  return refuse(ask, { ...refusal, members }, connection, identifier);
}

async function refuseAtDoor1(
  ask: Ask,
  reason: string,
  connection: string | null,
  identifier: string | null,
): Promise<never> {
  await recordRefusal(ask.arrival.config, ask.caller, ask.context, {
    reason,
    connection,
    identifier,
    known: false,
    use: ask.wish.use,
  });
  throw new ProblemError('policy_denied', { members: { reason } });
}

/** What door 2 refused. A wall is recorded in the agent's chain: a stranger's probes must not fill an account's ring. */
async function refuse(
  ask: Ask,
  refusal: Refusal,
  connection: string | null = null,
  identifier: string | null = null,
): Promise<never> {
  const { code, wall, ...details } = refusal;
  if (code === 'rate_limited' && ask.rates.spent.length > 0) throw ask.rates.refusal();
  if (wall !== undefined) {
    await recordRefusal(ask.arrival.config, ask.caller, ask.context, {
      reason: wall.reason,
      connection: wall.connection ?? connection,
      identifier: wall.identifier ?? identifier,
      known: wall.connection !== null && wall.identifier !== null,
      use: ask.wish.use,
    });
  }
  const missing = code === 'not_found' && identifier !== null;
  throw new ProblemError(code, {
    ...details,
    ...(missing ? { detail: 'no account of this connection has this `identifier`' } : {}),
  });
}

/**
 * How a credential is asked for, in both forms: the caller is proved, door 1 decides what the request and the agent
 * alone decide, the account's door 2 the rest. Knows nothing of the app: `routes/tokens.ts` and `token-front.ts` bring
 * requests here.
 */

import type { z } from '@hono/zod-openapi';
import { arrived, type Refusal, type ReleaseRequest } from '#accounts/door/answer.ts';
import { accountStub } from '#accounts/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import { isFresh, type AgentProof } from '#callers/proof.ts';
import { ACCOUNT_ID_PATTERN, Name } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { CredentialQuery, DEFAULT_MIN_TTL_S, TokenQuery } from '#contract/tokens.ts';
import { accountId } from '#crypto/digest.ts';
import { cutOffs, cutOffsAgeMs, type CutOffs } from '#directory/cut-offs.ts';
import { admitAgent } from '#directory/known-objects.ts';
import { systemNow } from '#lib/clock.ts';
import { decideAtDoor1, type Door1Decision } from '#policy/decide.ts';
import { sentAgent } from '#policy/granted.ts';
import { reachesAccount } from '#policy/reach.ts';
import { tokenRequest, type Place } from '#policy/request.ts';
import { purposeOf, type Arrival } from './arrival.ts';
import { recordContext, recordRefusal, requireAgent } from './guards.ts';
import { queryIn } from './input.ts';
import { reported } from './known.ts';
import { linkForMissing } from './missing-account.ts';
import { RequestRates } from './rules/rates.ts';

interface Ask<Query = z.output<typeof TokenQuery>> {
  readonly arrival: Arrival;
  readonly caller: AgentProof;
  readonly context: RequestContext;
  readonly query: Query;
  readonly byId: boolean;
  readonly rates: RequestRates;
  readonly cutOffs: CutOffs | null;
  readonly waitedMs: number;
  /** When the proof was in hand; what it shows may be older. */
  readonly provenAtMs: number;
}

/** A request that waits for a refresh is proved anew before anything leaves; so long may that take in all. */
const PATIENCE_MS = 30_000;

type Tried = Response | 'again';

/** A token by account id. @throws ProblemError */
export function tokenByAccount(arrival: Arrival, id: string): Promise<Response> {
  return untilDecided(arrival, TokenQuery, async (ask) => {
    if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
    if (ask.caller.status !== 'active') return refuseAtDoor1(ask, 'agent_suspended', null, null);
    const answer = await release({ ...ask, byId: true }, id);
    return answer instanceof Response || answer === 'again' ? answer : refuse(ask, answer);
  });
}

/** A token by connection and identifier, the short form. @throws ProblemError */
export function tokenByConnection(arrival: Arrival, agentId: string, connection: string): Promise<Response> {
  return untilDecided(arrival, CredentialQuery, async (ask) => {
    if (agentId !== 'self' && agentId !== ask.caller.id) throw new ProblemError('not_found');
    if (!Name.safeParse(connection).success) throw new ProblemError('not_found');
    const { identifier = null, organization = ask.caller.organization } = ask.query;
    if (ask.caller.organization !== '' && organization !== ask.caller.organization)
      throw invalid('organization', 'is not the organization of this agent');
    return shortForm(ask, { connection, named: identifier, organization });
  });
}

/** Proves the caller and tries, as often as the account says that the proof has become too old meanwhile. */
async function untilDecided<S extends typeof TokenQuery>(
  arrival: Arrival,
  schema: S,
  attempt: (ask: Ask<z.output<S>>) => Promise<Tried>,
): Promise<Response> {
  const startedAtMs = systemNow();
  do {
    const [caller, provenAtMs, list] = await provedBesideCutOffs(arrival);
    const query = queryIn(arrival.url, schema);
    const context = { ...recordContext(arrival, caller), purpose: purposeOf(arrival.headers) };
    const tried = await attempt({
      arrival,
      caller,
      context,
      rates: new RequestRates(arrival.config, caller, context),
      query,
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

/** The account that the short form names; `organization` is empty for none. */
interface Named {
  readonly connection: string;
  /** Null: the agent's own, else the shared one. */
  readonly named: string | null;
  readonly organization: string;
}

async function shortForm(ask: Ask, { connection, named, organization }: Named): Promise<Tried> {
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
    if (answer instanceof Response || answer === 'again') return answer;
    if (answer.code !== 'not_found') return refuse(ask, answer, connection, identifier);
    if (!fallback) return refuseMissing(ask, answer, place);
  }
  const toShared = await decideCounted(ask, common);
  if (!toShared.allowed && toShared.reason === 'rate_limited') throw ask.rates.refusal();
  if (!toShared.allowed) return refuseAtDoor1(ask, toShared.reason, connection, common.identifier);
  const shared = await release(ask, accountId(organization, connection, 'default'));
  if (shared instanceof Response || shared === 'again') return shared;
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
  const isThere = (answer: Tried | Refusal) =>
    answer instanceof Response || answer === 'again' || answer.code !== 'not_found';
  const answer = await reported(admission, () => releaseCounted(ask, id), isThere);
  const kept = answer === 'again' || (await isStillProved(ask)) ? answer : 'again';
  if (!(kept instanceof Response)) await ask.rates.giveBack();
  return kept;
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
async function decideCounted({ caller, context, rates }: Ask, place: Place): Promise<Door1Decision> {
  for (;;) {
    const request = { ...tokenRequest(place, systemNow(), context.purpose), spent: rates.spent };
    const decision = decideAtDoor1(caller, request);
    if (!decision.allowed || (await rates.count(decision.rule, place))) return decision;
  }
}

/** Asks the account, which names the rule that decides where it is another one than was counted, or none was. */
async function releaseCounted(ask: Ask, id: string): Promise<Tried | Refusal> {
  for (;;) {
    const answer = await releaseBy(ask, id);
    if (answer === 'again' || answer instanceof Response || !('count' in answer)) return answer;
    await ask.rates.count(answer.count, { connection: null, identifier: null });
  }
}

async function releaseBy(ask: Ask, id: string): Promise<Tried | Refusal | { readonly count: number }> {
  const { arrival, caller, query } = ask;
  const nowMs = systemNow();
  const request: ReleaseRequest = {
    agent: sentAgent(caller),
    use: { action: 'token', purpose: ask.context.purpose ?? null },
    byId: ask.byId,
    minTtlMs: (query.min_ttl ?? DEFAULT_MIN_TTL_S) * 1000,
    minTtlExplicit: query.min_ttl !== undefined,
    scopes: query.scope === undefined ? null : query.scope.split(' '),
    rejected: query.rejected ?? null,
    ...(query.details === 'api' ? { withApi: true } : {}),
    waitedMs: ask.waitedMs,
    heldMs: Math.max(0, nowMs - ask.provenAtMs),
    provedMsAgo: Math.max(nowMs - caller.provedAtMs, cutOffsAgeMs(arrival.config.directory)),
    cutOffs: ask.cutOffs,
    context: ask.context,
    ...ask.rates.use(),
  };
  const result = arrived(await accountStub(arrival.config, id).release(request));
  if ('credential' in result)
    return result.credential.toResponse({
      'x-correlation-id': arrival.correlationId,
      ...ask.rates.headers(),
    });
  if (result.ok) throw new Error('internal: a request for a token got what a call needs');
  if ('again' in result) return 'again';
  return 'count' in result ? { count: result.count } : result.refusal;
}

/** No account stands behind what a rule allows: the answer says which one is missing, and how its user makes it. */
async function refuseMissing(ask: Ask, refusal: Refusal, missing: Place): Promise<Response> {
  const { connection, identifier } = missing;
  const link = await linkForMissing(ask.arrival, ask.caller, ask.context, missing);
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
): Promise<Response> {
  await recordRefusal(ask.arrival.config, ask.caller, ask.context, {
    reason,
    connection,
    identifier,
    known: false,
  });
  throw new ProblemError('policy_denied', { members: { reason } });
}

/** What door 2 refused. A wall is recorded in the agent's chain: a stranger's probes must not fill an account's ring. */
async function refuse(
  ask: Ask,
  refusal: Refusal,
  connection: string | null = null,
  identifier: string | null = null,
): Promise<Response> {
  const { code, wall, ...details } = refusal;
  if (code === 'rate_limited' && ask.rates.spent.length > 0) throw ask.rates.refusal();
  if (wall !== undefined) {
    await recordRefusal(ask.arrival.config, ask.caller, ask.context, {
      reason: wall.reason,
      connection: wall.connection ?? connection,
      identifier: wall.identifier ?? identifier,
      known: wall.connection !== null && wall.identifier !== null,
    });
  }
  const missing = code === 'not_found' && identifier !== null;
  throw new ProblemError(code, {
    ...details,
    ...(missing ? { detail: 'no account of this connection has this `identifier`' } : {}),
  });
}

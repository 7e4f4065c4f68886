/**
 * How a request at the door ends, inside the transaction that releases: handed out or refused, with a record exactly
 * where the account is its place. Whether it ends so is decided in `decide.ts` and `rejected.ts`.
 * Refuses to fetch and to wait: the credential is in memory already.
 */

import {
  freeField,
  recordedPath,
  type AuditAction,
  type AuditFields,
  type AuditOutcome,
} from '#audit/record.ts';
import type { Action } from '#policy/request.ts';
import type { ReleasedInjection } from '#providers/injection/injection.ts';
import { handedTo } from '#refresh/refused-token.ts';
import { record } from '../account.ts';
import type { ApprovalRow } from '../approvals/machine.ts';
import { spend } from '../approvals/upkeep.ts';
import { reauthUrl } from '../flows/repair-link.ts';
import { applyChange } from '../life/changes.ts';
import type { FlightResult } from '../refreshing/flight.ts';
import { armGrant, REFUSED_ALONE } from '../refreshing/plan.ts';
import { degrade } from '../refreshing/settle/settle.ts';
import { othersServe } from '../refreshing/usable.ts';
import type { AccountRow, GrantRow } from '../rows.ts';
import type { DoorRequest, Refusal } from './answer.ts';
import { credentialBody, withApiDetails } from './body.ts';
import { callBegan } from '../calls/call-end.ts';
import { releasedInjection, type OpenedCredential } from './credential.ts';
import {
  absentSecret,
  statusRefusal,
  uncallable,
  unfilledHeaders,
  unknownVariables,
  wallRefusal,
} from './refusals.ts';
import { waitOf, type Scene, type Step } from './step.ts';

/** `last_used_at` is written at most so often; between, it is kept in memory. */
const USED_STEP_MS = 3_600_000;
const MAX_RECORDED_SCOPES = 50;

/** What a request is called in the account's chain, and how it stands there when the credential is handed out. */
const RECORDED: Readonly<Record<Action, readonly [AuditAction, AuditOutcome]>> = {
  token: ['token.issue', 'ok'],
  // The outcome of the call is recorded after it.
  proxy: ['proxy.call', 'started'],
  tool: ['tool.execute', 'started'],
  mcp: ['tool.execute', 'started'],
};

/** Behind a wall nothing of the account is told, and its chain takes no record: the agent's does. */
export function wall(request: DoorRequest, reason: string, account: AccountRow | null): Step {
  return { kind: 'done', result: { ok: false, refusal: wallRefusal(request.byId, reason, account) } };
}

/**
 * Refuses, with the record. `reason` goes into the record, `refusal` onto the wire. A link that repairs the account is
 * handed out like a credential: a request that has waited too long has to ask again first.
 *
 * @param approval the one that the refusal is about
 */
export function refuse(
  scene: Scene,
  refusal: Refusal,
  reason: string,
  approval: ApprovalRow | null = null,
): Step {
  if (scene.stale && refusal.members?.['reauth_url'] != null) return { kind: 'again' };
  const [action] = RECORDED[scene.use.action];
  record(
    scene.object,
    scene.state.account,
    scene.opened.key.mac,
    {
      action,
      outcome: 'refused',
      reason,
      scopes: askedScopes(scene),
      ...usedFor(scene),
      ...approvalFields(approval),
    },
    scene.request.context,
  );
  return { kind: 'done', result: { ok: false, refusal } };
}

/** The approval that the request asked for, or that let it through. */
function approvalFields(approval: ApprovalRow | null): Partial<AuditFields> {
  return approval === null ? {} : { evidence: [`approval:${approval.id}`] };
}

/** The asked scopes as a record may hold them: a name that was never granted is the caller's text. */
function askedScopes({ request, state, opened }: Scene): string[] | null {
  if (request.scopes === null) return null;
  const known = new Set(state.grants.flatMap((grant) => grant.scopes ?? []));
  return request.scopes
    .slice(0, MAX_RECORDED_SCOPES)
    .map((name) => (known.has(name) ? name : (freeField(name, opened.key.mac) ?? '')));
}

/** The provider has refused our client, to all accounts of the connection or to this grant alone. */
export function isClientRefused({ lastFailure }: GrantRow): boolean {
  return lastFailure === 'client_rejected' || lastFailure === REFUSED_ALONE;
}

/** The credential leaves, with the record; a request that has waited too long has to ask again first. */
export function handOut(scene: Scene, grant: GrantRow, credential: OpenedCredential): Step {
  const { object, opened, request, use, nowMs } = scene;
  if (scene.stale) return { kind: 'again' };
  const { account, settings } = scene.state;
  const { missing } = credential.urls(settings, account);
  if (credential.absent != null) return refuse(scene, absentSecret(account, credential.absent), 'conflict');
  if (missing.length > 0) return refuse(scene, unknownVariables(account, missing), 'variable_unknown');
  if (credential.unfilled.length > 0)
    return refuse(scene, unfilledHeaders(account, credential.unfilled), 'conflict');
  const made = answerOf(scene, grant, credential);
  // The connection may say by now what was missing.
  if (!made.ok) return scene.caughtUp ? refuse(scene, made.refusal, made.refusal.code) : { kind: 'catch_up' };
  if (nowMs - (account.lastUsedAtMs ?? 0) > USED_STEP_MS) noteUse(scene, grant.id);
  object.lastUse.atMs = nowMs;
  if (use.action === 'token' && account.credentialType === 'oauth2' && !grant.hasRefreshToken)
    noteHolder(scene, grant, credential.fingerprint);
  const [action, outcome] = RECORDED[use.action];
  const { approved } = scene;
  const recorded = () =>
    record(
      object,
      account,
      opened.key.mac,
      {
        action,
        outcome,
        scopes: grant.scopes,
        ...usedFor(scene),
        token_fingerprint: credential.fingerprint,
        ...approvalFields(approved),
      },
      request.context,
    );
  const began =
    approved === null
      ? recorded()
      : object.store.transaction(() => {
          const usedAs = recorded();
          spend(object, opened.key.mac, approved, nowMs, usedAs);
          return usedAs;
        });
  const spent = approved === null ? {} : { spent: { approvalId: approved.id, usedAs: began } };
  if ('body' in made) return { kind: 'done', result: { ...made, ...spent } };
  callBegan(object, began);
  return { kind: 'done', result: { ...made, began, ...spent } };
}

/** The part of a request's use that its record names. */
function usedFor({ use, opened }: Scene): Pick<AuditFields, 'tool' | 'method' | 'path'> {
  const { tool, method, path } = use;
  return { tool, method, path: recordedPath(path, opened.key.mac) };
}

type Made =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: true; readonly injection: ReleasedInjection<string> }
  | { readonly ok: false; readonly refusal: Refusal };

/** The credential itself for a token; for every other use, what a call needs that is made with it here. */
function answerOf(
  { request, use, state, nowMs }: Scene,
  grant: GrantRow,
  credential: OpenedCredential,
): Made {
  const { account, settings } = state;
  if (use.action === 'token') {
    const body = credentialBody(account, settings, grant, credential, nowMs);
    const whole = request.withApi === true ? withApiDetails(body, account, settings, credential) : body;
    return { ok: true, body: whole };
  }
  const injection = releasedInjection(account, settings, grant, credential);
  if (injection === null) return { ok: false, refusal: uncallable(account, 'place') };
  return injection.origins.length > 0
    ? { ok: true, injection }
    : { ok: false, refusal: uncallable(account, 'address') };
}

/** An account that wakes from idleness goes back from the daily heartbeat to proactive rotation. */
function noteUse({ object, opened, state, nowMs }: Scene, grantId: number): void {
  object.store.transaction(() => {
    const account = object.store.state(opened.key.mac)?.account ?? state.account;
    const used = { ...account, lastUsedAtMs: nowMs };
    object.store.saveAccount(opened.key.mac, used);
    const grant = state.grants.find((row) => row.id === grantId);
    if (grant !== undefined && object.timers.get(`refresh:${grantId}`)?.payload !== 'proactive') {
      armGrant(object, used, state.settings, grant);
    }
  });
}

/** The token has ended and nothing renewed it. That the provider is away may be told once; a turn to come is no trouble. */
export function noToken(scene: Scene, grant: GrantRow, flown: FlightResult): Step {
  const { object, opened, state, nowMs } = scene;
  if (flown.kind !== 'not_now' || flown.closed?.why !== 'outage')
    return unavailable(scene, grant, waitOf(flown, nowMs));
  return object.store.transaction(() => {
    degrade(object, opened.key.mac, state.account, 'provider_unavailable', nowMs);
    return unavailable(scene, grant, waitOf(flown, nowMs));
  });
}

/** No living token now: the code says whose fault it is, as far as the last attempt told. */
export function unavailable(scene: Scene, grant: GrantRow, retryAfterMs: number): Step {
  const last = scene.object.attempts.newest(3).find(({ trigger }) => trigger !== 'import');
  const justFailed = last?.endedAtMs != null && last.endedAtMs >= scene.arrivedAtMs;
  const { flown } = scene;
  const closed = flown?.kind === 'not_now' ? flown.closed : undefined;
  const ownMs = closed === undefined ? (grant.nextAttemptAtMs ?? 0) - scene.nowMs : 0;
  const retryAfterS = Math.max(1, Math.ceil(Math.max(retryAfterMs, ownMs) / 1000));
  if (closed === undefined ? isClientRefused(grant) : closed.why === 'misconfigured') {
    return refuse(scene, { code: 'misconfigured_connection', retryAfterS }, 'misconfigured_connection');
  }
  if (grant.lastFailure === 'record_corrupt') {
    return refuse(scene, { code: 'record_corrupt' }, 'record_corrupt');
  }
  if (grant.lastFailure === 'malformed' && justFailed) {
    return refuse(scene, { code: 'provider_error', retryAfterS }, 'provider_error');
  }
  return refuse(scene, { code: 'provider_unavailable', retryAfterS }, 'provider_unavailable');
}

/**
 * The access token is over and nothing can renew it, or nothing makes it accepted: said once, in the transaction that
 * refuses. Where another grant of the account still gives tokens only this one has ended: ask again.
 */
export function ended(
  scene: Scene,
  grant: GrantRow,
  why: { reason?: 'no_refresh_token' | 'policy_changed'; evidence?: readonly string[] } = {},
): Step {
  const { object, opened, state, nowMs } = scene;
  const { mac } = opened.key;
  if (othersServe(state, grant, nowMs)) {
    return object.store.transaction(() => {
      object.store.saveGrant(mac, {
        ...grant,
        refreshToken: null,
        hasRefreshToken: false,
        accessExpiresAtMs: nowMs,
      });
      object.timers.clear(`refresh:${grant.id}`);
      return { kind: 'again' };
    });
  }
  return object.store.transaction(() => {
    const after = applyChange(
      object,
      mac,
      { ...state.account, degradedSinceMs: null, degradedCause: null },
      {
        signal: 'grant_died',
        action: 'account.status',
        reason: why.reason ?? 'no_refresh_token',
        evidence: why.evidence ?? [],
      },
      scene.request.context,
    );
    for (const row of state.grants) object.timers.clear(`refresh:${row.id}`);
    return refuse(
      scene,
      statusRefusal(after, () => reauthUrl(object, mac, after)) ?? { code: 'reauth_required' },
      'reauth_required',
    );
  });
}

/** Keeps the agents that have a token which nothing renews: they are the agents that can report it refused. */
function noteHolder({ object, opened, request, nowMs }: Scene, grant: GrantRow, fingerprint: string): void {
  const { mac } = opened.key;
  const stored = object.store.state(mac)?.grants.find(({ id }) => id === grant.id);
  if (stored === undefined) return;
  const holders = handedTo(stored.holders, { token: fingerprint, agent: request.agent.id, nowMs });
  if (holders !== stored.holders)
    object.store.transaction(() => object.store.saveGrant(mac, { ...stored, holders }));
}

/**
 * Ends at the provider what has ended here: grants of a deleted or revoked account, candidates that were refused, and
 * tokens that came too late. A job is written in the transaction that ends the grant, and no request waits for it; its
 * timer asks which other accounts hold the grant, has the call made elsewhere, and erases the job with a record of the
 * outcome.
 */

import { isMachineType, isRenewedType } from '#contract/machine/kinds.ts';
import { systemContext } from '#audit/record.ts';
import { accountOwner } from '#crypto/places.ts';
import { loadConnection } from '#directory/connections/connections.ts';
import { otherGrantHolders } from '#directory/indexes/grant-holders.ts';
import { log } from '#lib/log.ts';
import { clientOf, forGrant } from '#providers/clients.ts';
import { revocationReachOf } from '#providers/descriptor.ts';
import {
  revocationDecision,
  tokenHostOf,
  type GrantIdentity,
  type RevocationFinding,
  type RevocationOutcome,
} from '#providers/requests/revocation.ts';
import { FIRST_REVOCATION_MS, MAX_REVOCATION_TRIES, revocationGapMs } from '#refresh/revocation.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { record, type Account } from '../account.ts';
import { DIRECTORY_LIMIT_MS } from '../refreshing/provider/connection-watch.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import { isAuthentic, revocationId, type RevocationJob, type WaitingRevocation } from './revocation-table.ts';

export type RevocationCause = 'account_deleted' | 'account_revoked' | 'candidate_refused' | 'came_too_late';

/** More jobs waiting at once are an attack on the provider's endpoint. */
const MAX_JOBS = 50;

/** A grant that ends, of an account that is as `account` says. */
export interface EndedGrant {
  readonly account: Pick<
    AccountRow,
    'accountId' | 'organization' | 'connection' | 'identifier' | 'incarnation' | 'dataKey'
  >;
  readonly settings: ConnectionSettings;
  readonly grant: Pick<
    GrantRow,
    'id' | 'generation' | 'refreshToken' | 'accessToken' | 'client' | 'captured'
  >;
  readonly subject: string | null;
  readonly cause: RevocationCause;
}

/**
 * Notes a grant that is to be revoked, or records at once why it is not. Inside the transaction that ends it.
 *
 * @param mac of the chain that records it
 * @param life of the life that the grant belongs to, where that is another
 */
export function revokeLater(
  object: Account,
  mac: Uint8Array,
  { account, settings, grant, subject, cause }: EndedGrant,
  life: Uint8Array = mac,
): void {
  // The owner alone withdraws a machine's own credential: the broker can end only the tokens that came of it.
  const refreshToken = isMachineType(settings.authType) ? null : grant.refreshToken;
  if (refreshToken === null && grant.accessToken === null) return;
  if (!isRenewedType(settings.authType)) return;
  const made = forGrant(settings, grant.client);
  const job: RevocationJob = {
    accountId: account.accountId,
    organization: account.organization,
    connection: account.connection,
    identifier: account.identifier,
    incarnation: account.incarnation,
    dataKey: account.dataKey,
    grantId: grant.id,
    generation: grant.generation,
    captured: grant.captured,
    refreshToken,
    accessToken: grant.accessToken,
    subject,
    cause,
    settings: made,
  };
  const { store, attempts, config } = object;
  const decided = decide(job, []);
  if (decided !== 'revoke') return recordOutcome(object, mac, job, decided, []);
  if (store.revocations.count() >= MAX_JOBS) return recordOutcome(object, mac, job, 'failed', ['too_many']);
  // An exchange that is under way makes the stored token an old one: what it brings is waited for.
  const inFlight = attempts.open().filter(({ grantId }) => grantId === grant.id);
  const settledAtMs = inFlight.map(({ startedAtMs }) => startedAtMs + config.exchangeBudgetMs);
  store.revocations.save(life, job, Math.max(object.now() + FIRST_REVOCATION_MS, ...settledAtMs));
  armRevocations(object);
  return undefined;
}

/** The same for all grants of an account, before they are erased. Inside a transaction. */
export function revokeGrantsLater(
  object: Account,
  mac: Uint8Array,
  { account, settings, grants }: AccountState,
  cause: RevocationCause,
): void {
  for (const grant of grants)
    revokeLater(object, mac, { account, settings, grant, subject: account.subject, cause });
}

/** Sets the timer for the next try; a deletion takes all timers, so it is set again after one. Inside a transaction. */
export function armRevocations({ store, timers }: Account): void {
  const nextAtMs = store.revocations.nextAtMs();
  if (nextAtMs === null) timers.clear('revoke');
  else timers.set('revoke', nextAtMs);
}

/** The timer's work: counts each try before it is made, so that no crash makes one more, and waits for none. */
export function startRevocations(object: Account): void {
  const { store } = object;
  const nowMs = object.now();
  const due = store.revocations.due(nowMs);
  store.transaction(() => {
    for (const { id, tries } of due)
      store.revocations.tried(id, tries + 1, nowMs + revocationGapMs(tries + 1, object.random));
    armRevocations(object);
  });
  for (const waiting of due) {
    const work = waiting.tries >= MAX_REVOCATION_TRIES ? giveUp(object, waiting) : attempt(object, waiting);
    object.waitUntil(
      work.catch((error: unknown) => log('error', 'a grant could not be revoked', { id: waiting.id, error })),
    );
  }
}

async function giveUp(object: Account, waiting: WaitingRevocation): Promise<void> {
  await finish(object, waiting, 'failed', ['no_answer']);
}

async function attempt(object: Account, waiting: WaitingRevocation): Promise<void> {
  const { job, tries } = waiting;
  const owner = accountOwner(job.accountId, job.organization, job.incarnation);
  const opened = await object.vault.openLife(owner, job.dataKey);
  if (!opened.ok && opened.error.code === 'vault_locked') return;
  if (!opened.ok || !isAuthentic(opened.value.key.mac, waiting))
    return finish(object, waiting, 'failed', ['record_corrupt']);
  let finding: RevocationFinding;
  try {
    const decided = decide(job, await othersOf(object, job));
    if (decided !== 'revoke') return await finish(object, waiting, decided, []);
    const now = await loadConnection(
      object.config.directory,
      { id: job.settings.id, organization: job.organization },
      DIRECTORY_LIMIT_MS,
      object.config.masterKeys,
    );
    const client = clientOf(job.settings);
    const known = now !== null && now !== 'unavailable' ? forGrant(now.settings, client) : null;
    const isSame = known?.clientId === job.settings.clientId && known.inForce?.isGone !== true;
    const newer = isSame ? known : null;
    finding = (await object.revoke({ ...job, newer })) as RevocationFinding;
  } catch (error) {
    // The directory does not say which other accounts hold the grant: until it does, the grant is not revoked.
    log('warn', 'a grant waits to be revoked', { connected_account_id: job.accountId, error });
    finding = { kind: 'again', code: 'directory_unavailable', retryAfterMs: null };
  }
  const evidence = finding.code === null ? [] : [`code:${finding.code}`];
  if (finding.kind !== 'again') return finish(object, waiting, finding.kind, evidence);
  if (tries + 1 >= MAX_REVOCATION_TRIES) return finish(object, waiting, 'failed', evidence);
  const retryAfterMs = finding.retryAfterMs ?? 0;
  object.store.transaction(() => {
    const row = object.store.revocations.get(waiting.id);
    if (row === null || row.body !== waiting.body) return;
    const nextAtMs = Math.max(row.nextTryAtMs, object.now() + Math.min(retryAfterMs, 3_600_000));
    object.store.revocations.tried(waiting.id, row.tries, nextAtMs);
    armRevocations(object);
  });
  return undefined;
}

function identityOf({ settings, subject }: Pick<RevocationJob, 'settings' | 'subject'>): GrantIdentity {
  return { tokenHost: tokenHostOf(settings.descriptor.token_url), clientId: settings.clientId, subject };
}

function decide(job: RevocationJob, others: readonly GrantIdentity[]): ReturnType<typeof revocationDecision> {
  return revocationDecision(revocationReachOf(job.settings.descriptor), identityOf(job), others);
}

/** Grants and candidates of this account, perhaps in its next life, and of all others. @throws ProblemError */
async function othersOf(object: Account, job: RevocationJob): Promise<GrantIdentity[]> {
  const reach = revocationReachOf(job.settings.descriptor);
  // Neither needs the directory: a decision that depends on no other account is made while the directory is away.
  if (reach === 'token' || job.subject === null) return [];
  const { clientId } = job.settings;
  const others = await otherGrantHolders(object.config.directory, {
    clientId,
    subject: job.subject,
    self: job.accountId,
  });
  return [...others, ...(await ownGrants(object))];
}

async function ownGrants(object: Account): Promise<GrantIdentity[]> {
  const held = await object.vault.withKey((mac) => {
    const state = object.store.state(mac);
    if (state === null) return [];
    const { account, settings, grants } = state;
    const held = [
      ...grants.map((grant) => ({ grant, subject: account.subject })),
      ...object.store.flows.candidates(mac),
    ];
    return held.map(({ grant, subject }) =>
      identityOf({ settings: forGrant(settings, grant.client), subject }),
    );
  });
  if (held === null) throw new Error('internal: no key opens the account');
  return held;
}

/** Erases the job and records its outcome; a job that was replaced meanwhile has its own end. */
async function finish(
  object: Account,
  waiting: WaitingRevocation,
  outcome: RevocationOutcome,
  evidence: readonly string[],
): Promise<void> {
  const made = Math.min(waiting.tries + 1, MAX_REVOCATION_TRIES);
  await object.vault.withKey((mac) =>
    object.store.transaction(() => {
      if (object.store.revocations.get(waiting.id)?.body !== waiting.body) return;
      object.store.revocations.delete(waiting.id);
      recordOutcome(object, mac, waiting.job, outcome, [...evidence, `tries:${made}`]);
      armRevocations(object);
    }),
  );
}

function recordOutcome(
  object: Account,
  mac: Uint8Array,
  job: RevocationJob,
  outcome: RevocationOutcome,
  evidence: readonly string[],
): void {
  record(
    object,
    job,
    mac,
    {
      action: 'token.revoke',
      outcome: outcome === 'revoked' ? 'ok' : outcome === 'failed' ? 'failed' : 'refused',
      reason: outcome,
      evidence: [`cause:${job.cause}`, ...evidence],
    },
    systemContext(revocationId(job)),
  );
}

/**
 * Tokens of an exchange that a deletion or a revocation has overtaken: they take the place of the tokens that wait to
 * be revoked, which they have replaced at the provider. A repeated call changes nothing. All other late tokens are
 * dropped.
 */
export async function takeLateTokens(object: Account, late: SettleArgument): Promise<void> {
  const { tokens, incarnation, grantId, generationFrom, generationTo } = late;
  const waiting = object.store.revocations.get(
    revocationId({ incarnation, grantId, generation: generationFrom }),
  );
  if (waiting === null || tokens === null) return;
  const { accessToken } = tokens;
  const isMachine = isMachineType(waiting.job.settings.authType);
  const refreshToken = isMachine ? null : tokens.refreshToken;
  // Ciphertexts of two generations do not stand side by side, and an answer without a successor ended nothing.
  if (refreshToken === null && waiting.job.refreshToken !== null) return;
  if (refreshToken === null && accessToken === null) return;
  const { job } = waiting;
  const owner = accountOwner(job.accountId, job.organization, job.incarnation);
  const opened = await object.vault.openLife(owner, job.dataKey);
  if (!opened.ok || !isAuthentic(opened.value.key.mac, waiting)) return;
  object.store.transaction(() => {
    if (object.store.revocations.get(waiting.id)?.body !== waiting.body) return;
    const taken = { ...job, generation: generationTo, refreshToken, accessToken, captured: tokens.captured };
    object.store.revocations.delete(waiting.id);
    object.store.revocations.save(opened.value.key.mac, taken, object.now() + FIRST_REVOCATION_MS);
    armRevocations(object);
  });
}

/**
 * What the parts of a flow share: reading, ending and pruning sessions, their one timer, their records, and how a
 * session is shown. All writes are inside the caller's transaction.
 */

import type { Result } from '#lib/result.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { scopesToAsk } from '#providers/scopes/scopes.ts';
import { systemContext, type AuditOutcome, type RequestContext } from '#audit/record.ts';
import { record, type Account } from '../../account.ts';
import { revokeLater } from '../../ending/revocation.ts';
import type { Living, Obstacle } from '../../life/living.ts';
import type { AccountRow, ConnectionSettings } from '../../rows.ts';
import type { AccountState } from '../../store.ts';
import type { OpenedAccount } from '../../vault.ts';
import { repairToken } from '../repair-link.ts';
import type { SessionView } from '../requests.ts';
import {
  FLOW_MS,
  isOpen,
  lapsed,
  moved,
  nextDeadlineMs,
  sessionAt,
  type Mismatch,
  type SessionRow,
  type SessionSignal,
} from './session.ts';

/** Ended sessions of a kind that are kept to be read; the session that connected the account last stays beside them. */
const KEPT_ENDED = 20;

/** One question to one living account. */
export interface Scene {
  readonly object: Account;
  readonly opened: OpenedAccount;
  readonly mac: Uint8Array;
  readonly state: AccountState;
  readonly account: AccountRow;
  readonly nowMs: number;
}

/** What a flow needs of the account's life: `forgetCredentials` once grants have been replaced. */
export interface FlowLifecycle {
  living(): Promise<Result<Living, Obstacle>>;
  forgetCredentials(): void;
}

/** The question as it meets the account now. */
export function sceneOf(object: Account, { opened, state }: Living): Scene {
  return { object, opened, mac: opened.key.mac, state, account: state.account, nowMs: object.now() };
}

/** The session as it is now, or null. */
export function found({ object, mac, nowMs }: Scene, sessionId: string): SessionRow | null {
  const row = object.store.flows.sessions(mac).find(({ id }) => id === sessionId);
  return row === undefined ? null : sessionAt(row, nowMs);
}

/** An import's grant is number one; a generation is drawn once, so that no two others meet. */
export function grantIdOf(generation: number): number {
  return generation + 1;
}

/** Ends a session, with its candidate. @throws Error ("internal") where the table has no such move */
export function end(
  { object, mac, nowMs }: Pick<Scene, 'object' | 'mac' | 'nowMs'>,
  session: SessionRow,
  signal: SessionSignal,
  reason: string | null,
  fields: Partial<SessionRow> = {},
): SessionRow {
  const ended = moved(session, signal, { ...fields, nowMs, reason });
  if (ended === null)
    throw new Error(`internal: ${signal} cannot happen to a session that is ${session.status}`);
  object.store.flows.saveSession(mac, ended);
  if (signal !== 'promoted') revokeCandidate(object, mac, session.id);
  object.store.flows.deleteCandidate(mac, session.id);
  return ended;
}

/** Ends a session whose grant belongs to another user, with its record. */
export function endMismatched(
  scene: Scene,
  session: SessionRow,
  mismatch: Mismatch,
  context: RequestContext,
  told: Partial<SessionRow> = {},
): SessionRow {
  flowRecord(scene, 'refused', 'subject_mismatch', context, null, mismatch);
  return end(scene, session, 'failed', 'subject_mismatch', { ...told, mismatch });
}

/** The grant of a candidate that comes to nothing ends at its provider too, where no other account holds it. */
function revokeCandidate(object: Account, mac: Uint8Array, sessionId: string): void {
  const candidate = object.store.flows.candidates(mac).find((one) => one.sessionId === sessionId);
  const state = candidate === undefined ? null : object.store.state(mac);
  if (candidate !== undefined && state !== null)
    revokeLater(object, mac, { ...state, ...candidate, cause: 'candidate_refused' });
}

/** Sets the timer for the next session that ends by itself, and forgets the oldest of those that have ended. */
export function armSessions({ object, mac, nowMs }: Pick<Scene, 'object' | 'mac' | 'nowMs'>): void {
  const sessions = object.store.flows.sessions(mac);
  const ended = sessions
    .filter(({ status }) => !isOpen(status))
    .toSorted((one, other) => (other.endedAtMs ?? 0) - (one.endedAtMs ?? 0));
  const kept = lastConnected(ended);
  // Apart, so that the holder of a repair link pushes out no session of the operator's.
  const surplus = (['link', 'repair'] as const).flatMap((kind) =>
    ended.filter((session) => session.kind === kind).slice(KEPT_ENDED),
  );
  for (const old of surplus) if (old.id !== kept?.id) object.store.flows.deleteSession(mac, old.id);
  const dueAtMs = nextDeadlineMs(sessions);
  if (dueAtMs === null) object.timers.clear('connect');
  else object.timers.set('connect', Math.max(dueAtMs, nowMs));
}

/** The session that connected the account last. */
function lastConnected(sessions: readonly SessionRow[]): SessionRow | null {
  return sessions
    .filter(({ status }) => status === 'succeeded')
    .reduce<SessionRow | null>(
      (newest, one) => (newest === null || (one.endedAtMs ?? 0) > (newest.endedAtMs ?? 0) ? one : newest),
      null,
    );
}

/** Ends sessions that have run out of time. The timer's work; an earlier reader sees the same. */
export function lapseSessions(object: Account, opened: OpenedAccount): void {
  const { mac } = opened.key;
  object.store.transaction(() => {
    const state = object.store.state(mac);
    if (state === null) return object.timers.clear('connect');
    const nowMs = object.now();
    const scene: Scene = { object, opened, mac, state, account: state.account, nowMs };
    for (const session of lapsed(object.store.flows.sessions(mac), nowMs)) {
      const waited = object.store.flows.candidates(mac).some(({ sessionId }) => sessionId === session.id);
      object.store.flows.saveSession(mac, session);
      revokeCandidate(object, mac, session.id);
      object.store.flows.deleteCandidate(mac, session.id);
      if (waited) flowRecord(scene, 'failed', 'confirmation_expired', systemContext(session.id));
      if (waited) object.timers.set('index', nowMs);
    }
    armSessions(scene);
    return undefined;
  });
}

/** One record about the flow in the account's chain. */
export function flowRecord(
  { object, account, mac }: Pick<Scene, 'object' | 'account' | 'mac'>,
  outcome: AuditOutcome,
  reason: string,
  context: RequestContext,
  scopes: readonly string[] | null = null,
  code: string | null = null,
): void {
  const evidence = code === null ? null : [`code:${code}`];
  record(object, account, mac, { action: 'account.connect', outcome, reason, scopes, evidence }, context);
}

/**
 * Does the account wait for a confirmation and has nothing else? Then it shows `pending_confirmation`, which is not
 * stored.
 */
export function awaitsConfirmation(object: Account, mac: Uint8Array, state: AccountState): boolean {
  const { status } = state.account;
  if (state.grants.length > 0 || (status !== 'pending' && status !== 'revoked')) return false;
  const nowMs = object.now();
  return object.store.flows
    .sessions(mac)
    .some((row) => sessionAt(row, nowMs).status === 'pending_confirmation');
}

/** Ends waiting sessions when another change has decided what the account holds. `all`: unopened links too. */
export function endFlows(
  { object, mac, nowMs }: Pick<Scene, 'object' | 'mac' | 'nowMs'>,
  reason: string,
  all: boolean,
): void {
  const open = object.store.flows.sessions(mac).filter(({ status }) => isOpen(status));
  if (open.length === 0) return;
  for (const session of open)
    if (all || session.status === 'pending_confirmation')
      end({ object, mac, nowMs }, session, 'failed', reason);
  armSessions({ object, mac, nowMs });
}

/** The path of the repair link; null where the account needs no repair. */
function retryPathOf({ account, mac }: Pick<Scene, 'account' | 'mac'>): string | null {
  const token = repairToken(mac, account);
  return token === null ? null : `/connect/${token}`;
}

/** What a repair asks for: what the dead grants were asked for or had, else what the connection asks for. */
export function scopesToRepair(
  { object, mac, state }: Scene,
  settings: ConnectionSettings,
): readonly string[] {
  const last = lastConnected(object.store.flows.sessions(mac));
  if (last !== null && state.grants.length <= 1) return last.scopes;
  const granted = state.grants.flatMap((grant) => grant.scopes ?? []);
  const wanted = state.grants.length > 1 ? [...settings.scopes, ...granted] : settings.scopes;
  return scopesToAsk(scopeFactsOf(settings), wanted.length > 0 ? wanted : granted).scopes;
}

/**
 * A session of the repair link, as its callback brings it: no operator ordered it, so it is held to the account's own
 * subject.
 *
 * @param begun what the browser's ticket proves of its beginning
 */
export function repairSession(
  scene: Scene,
  id: string,
  settings: ConnectionSettings,
  begun: Pick<SessionRow, 'startedAtMs' | 'browserDigest' | 'verifier' | 'frozen'> & { startedAtMs: number },
): SessionRow {
  const { object, mac } = scene;
  const last = lastConnected(object.store.flows.sessions(mac));
  const registered = settings.returnUrls;
  const returned = last?.returnUrl ?? null;
  return {
    id,
    kind: 'repair',
    status: 'started',
    reason: null,
    linkDigest: null,
    scopes: scopesToRepair(scene, settings),
    verification: settings.verification,
    expectedSubject: null,
    expectedEmail: null,
    allowSubjectChange: false,
    // A return URL that was taken off the connection since is no longer used.
    returnUrl: returned !== null && registered.includes(returned) ? returned : (registered[0] ?? null),
    createdAtMs: begun.startedAtMs,
    startedAtMs: begun.startedAtMs,
    claimedAtMs: null,
    endedAtMs: null,
    deadlineMs: begun.startedAtMs + FLOW_MS,
    browserDigest: begun.browserDigest,
    verifier: begun.verifier,
    frozen: begun.frozen,
    generation: null,
    confirmDigest: null,
    subject: null,
    subjectLabel: null,
    granted: null,
    mismatch: null,
    reconnected: false,
  };
}

export function sessionView(scene: Pick<Scene, 'account' | 'mac'>, session: SessionRow): SessionView {
  const { account } = scene;
  const repairs = session.kind === 'repair';
  return {
    id: session.id,
    kind: session.kind,
    accountId: account.accountId,
    connection: account.connection,
    identifier: account.identifier,
    organization: account.organization,
    status: session.status,
    reason: session.reason,
    subject: session.subject,
    subjectLabel: session.subjectLabel,
    scopes: session.granted ?? session.scopes,
    warnings: session.warnings ?? [],
    createdAtMs: session.createdAtMs,
    expiresAtMs: session.deadlineMs,
    returnUrl: session.returnUrl,
    reconnected: session.reconnected,
    mismatch: session.mismatch,
    expectedLabel: repairs ? account.subjectLabel : null,
    retryPath: repairs ? retryPathOf(scene) : null,
  };
}

/**
 * The user and the variables of an account whose credential an operator brought: the provider is asked when a link is
 * made, so that they are known before the user comes back, by the Exchanger after a refresh, and after an import whose
 * variables only a question tells. The answer pins the account to its user, so that a reconnect by the same user needs
 * no confirmation. A known value is never overwritten here.
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import { couldTellVariables } from '#providers/variables/account-variables.ts';
import { forGrant } from '#providers/clients.ts';
import { hasUserinfo } from '#providers/identity.ts';
import type { Identified } from '#refresh/exchange/code-exchange.ts';
import { backoffMs } from '#refresh/backoff.ts';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { Account } from '../account.ts';
import { endpointOf } from '../refreshing/provider/token-check.ts';
import { newestOf } from '../refreshing/usable.ts';
import type { AccountRow, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import { withLearnt } from './variables.ts';

/** For a provider that fails to answer now and then; a provider that never answers is left alone. */
const MAX_ATTEMPTS = 6;
/** An operator may make any number of links; the provider is not asked with each. */
const ASKED_APART_MS = 30_000;
/** The Exchanger asks by itself once it has stored what it brought home; after this its word would have come. */
const EXCHANGER_ASKS_MS = 15_000;

/** What the decision to ask is made from. */
type Asking = Pick<AccountState, 'account' | 'settings'>;

/** Whether the provider could tell something of the account that is not known yet. */
function couldTell({ account, settings }: Asking, captured: Readonly<Record<string, string>>): boolean {
  const { descriptor } = settings;
  return (
    (account.subject === null && hasUserinfo(descriptor)) ||
    couldTellVariables(descriptor, { captured, given: account.variables })
  );
}

/** Sets the timer where the provider could be asked and the answer matters. Inside a transaction. */
export function askSubjectSoon(object: Account, state: AccountState): void {
  // The captured values are ciphertexts here: the timer opens them before it asks.
  if (couldTell(state, {})) askSoon(object, state.account, newestOf(state.grants), 0);
}

/**
 * The same after an import, but for the user alone no provider is asked: the next link or refresh does that. Inside a
 * transaction.
 *
 * @param isProven the Exchanger has brought it home, and asks too
 */
export function askVariablesSoon(
  object: Account,
  { account, settings }: Asking,
  grant: GrantRow,
  isProven: boolean,
): void {
  if (couldTellVariables(settings.descriptor, { captured: {}, given: account.variables }))
    askSoon(object, account, grant, isProven ? EXCHANGER_ASKS_MS : 0);
}

function askSoon(object: Account, account: AccountRow, grant: GrantRow | undefined, waitMs: number): void {
  if (grant?.hasAccessToken !== true || !isRenewedType(account.credentialType)) return;
  const nowMs = object.now() + waitMs;
  const askedAtMs = object.lastAsk.subjectAtMs;
  const isFresh = askedAtMs !== null && Math.abs(nowMs - askedAtMs) < ASKED_APART_MS;
  object.timers.set('subject', isFresh ? Math.max(nowMs, askedAtMs + ASKED_APART_MS) : nowMs);
}

/** The timer's work. */
export async function learnSubject(object: Account, opened: OpenedAccount): Promise<void> {
  const { mac } = opened.key;
  const state = object.store.state(mac);
  const grant = state == null ? undefined : newestOf(state.grants);
  const timer = object.timers.get('subject');
  const clear = (): void => object.store.transaction(() => object.timers.clear('subject'));
  // Without an access token there is nothing to ask with; the next link asks again.
  if (state == null || timer === null || grant?.accessToken == null) return clear();
  const captured = await capturedOf(object, opened, grant);
  if (captured === null || !couldTell(state, captured)) return clear();
  object.lastAsk.subjectAtMs = object.now();
  const answer = (await object.identify({
    accountId: state.account.accountId,
    organization: state.account.organization,
    incarnation: state.account.incarnation,
    dataKey: state.account.dataKey,
    grantId: grant.id,
    generation: grant.generation,
    accessToken: grant.accessToken,
    captured: grant.captured,
    variables: state.account.variables,
    settings: forGrant(state.settings, grant.client),
  })) as Identified;
  object.store.transaction(() => {
    const now = object.store.state(mac);
    const newest = now === null ? undefined : newestOf(now.grants);
    const same = newest?.id === grant.id ? newest : undefined;
    // Refreshed, replaced or deleted meanwhile: it is asked again with what is there now.
    const isSame = now != null && same !== undefined && same.grantedAtMs === grant.grantedAtMs;
    const isTold = answer.kind !== 'unsure' && isSame;
    if (!isTold || answer.incomplete === true) {
      const failures = timer.attempts + 1;
      const waitMs = backoffMs({
        failures,
        accessTokenLives: true,
        retryAfterMs: null,
        random: object.random,
      });
      if (failures >= MAX_ATTEMPTS || now === null) object.timers.clear('subject');
      else object.timers.postpone(timer, object.now() + waitMs);
    } else object.timers.clear('subject');
    if (!isTold) return;
    const accepts =
      answer.userinfo === true && same.generation === grant.generation && same.acceptedAt == null;
    const accepted = accepts ? { ...same, acceptedAt: endpointOf(state) } : same;
    const row = withLearnt(now, accepted, { ...answer, generation: grant.generation }) ?? accepted;
    if (row !== same) object.store.saveGrant(mac, row);
    if (answer.subject !== null) pin(object, mac, now.account, answer.subject, answer.label);
  });
}

/** Null: it does not open, and the code that hands the credential out says so. */
async function capturedOf(
  object: Account,
  opened: OpenedAccount,
  grant: GrantRow,
): Promise<Readonly<Record<string, string>> | null> {
  if (grant.captured === null) return {};
  const text = await object.vault.decrypt(opened, grant.id, 'captured', grant.generation, grant.captured);
  return text.ok ? (JSON.parse(text.value) as Record<string, string>) : null;
}

/** The outcome of storing an answer about the account's user or its variables. */
export type Kept = 'kept' | 'known' | 'overtaken' | 'record_corrupt';

/**
 * What the Exchanger was told with a token that it has just brought home. A grant that is another by now (imported,
 * replaced, renewed again, of another life) takes nothing from it: the refresh of what is there asks anew. Variables
 * are the grant's own; a grant beside a later grant does not name the account's user.
 */
export async function keepSubject(object: Account, told: SubjectTold): Promise<Kept> {
  const opened = await object.vault.open();
  if (!opened.ok || opened.value === null) return 'overtaken';
  const { mac } = opened.value.key;
  try {
    return object.store.transaction(() => {
      const now = object.store.state(mac);
      if (now === null || now.account.incarnation !== told.incarnation) return 'overtaken';
      const grant = now.grants.find(({ id }) => id === told.grantId);
      if (grant?.generation !== told.generation) return 'overtaken';
      const taught = withLearnt(now, grant, told);
      if (taught !== null) object.store.saveGrant(mac, taught);
      const kept = taught === null ? null : 'kept';
      if (newestOf(now.grants)?.id !== told.grantId) return kept ?? 'overtaken';
      if (told.incomplete !== true) object.timers.clear('subject');
      const named = told.subject === null ? 'known' : pin(object, mac, now.account, told.subject, told.label);
      return kept ?? named;
    });
  } catch (error) {
    if (error instanceof CorruptRowError) return 'record_corrupt';
    throw error;
  }
}

/** Inside a transaction. */
function pin(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  subject: string,
  label: string | null,
): 'kept' | 'known' {
  if (account.subject !== null) return 'known';
  const updatedAtMs = Math.max(object.now(), account.updatedAtMs);
  object.store.saveAccount(mac, { ...account, subject, subjectLabel: label, updatedAtMs });
  object.timers.set('index', object.now());
  return 'kept';
}

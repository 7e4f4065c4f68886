/**
 * Takes a credential that an operator brings. A value that may not be believed is proven first (`proof.ts`); either way
 * one transaction puts it in the place of what the account held. Refuses to judge (`judge.ts`) and to call.
 */

import type { RequestContext } from '#audit/record.ts';
import type { RateLimitPolicy } from '#contract/problem.ts';
import { fingerprint } from '#crypto/digest.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { forNewGrant } from '#providers/clients.ts';
import { record, type Account } from '../../account.ts';
import { endingAsLearnt, settingsFor } from '../../refreshing/lifetime.ts';
import { policyOf } from '../../refreshing/provider/call-limit.ts';
import type { GrantRow } from '../../rows.ts';
import type { AccountState } from '../../store.ts';
import type { OpenedAccount } from '../../vault.ts';
import { authentic, intactFlows, readLiving, type Living, type Obstacle } from '../living.ts';
import { checkBrought } from './check.ts';
import { grantFromImport, IMPORTED_GRANT, presentedOf, type CredentialFields } from './fields.ts';
import { judgeImport, type ImportOrder, type ImportStep } from './judge.ts';
import type { ImportProofs } from './proof.ts';
import { storeImport } from './replace.ts';
import type { Proven } from './verdict.ts';

/** Why an import was not taken; nothing was changed. The codes are those of the wire. */
export interface ImportRefusal {
  readonly code:
    | 'credential_refused'
    | 'conflict'
    | 'rate_limited'
    | 'provider_unavailable'
    | 'provider_error'
    | 'misconfigured_connection';
  readonly detail: string;
  readonly retryAfterS?: number;
  /** Of `rate_limited`: which limit it was. */
  readonly policy?: RateLimitPolicy;
  readonly members?: Readonly<Record<string, unknown>>;
}

/** The account with its new credential. */
export interface Imported extends Living {
  /** Values that could not be proven although they should have been; sentences. */
  readonly warnings?: readonly string[];
}

const UNPROVEN =
  'access_token: stored unproven, because this connection has no userinfo endpoint that could be asked about it';

/** The digest by which what is presented is known again; null where nothing was brought that is. */
function digestOf(mac: Uint8Array, credential: CredentialFields): string | null {
  const presented = presentedOf(credential);
  return presented === null ? null : fingerprint(mac, `imported ${presented.text}`);
}

/**
 * The account with the credential, or why it was not taken. `forget`: its grants are others now.
 *
 * Generations are drawn first and durable, so that none is used twice; an exchange under way for the old grant is
 * overtaken.
 */
export async function importCredential(
  object: Account,
  proofs: ImportProofs,
  order: ImportOrder,
  forget: () => void,
  drawn: number | null = null,
): Promise<Result<Imported, Obstacle | ImportRefusal>> {
  const living = await readLiving(object);
  if (!living.ok) return living;
  const { opened, state } = living.value;
  const mac = opened.key.mac;
  const flows = intactFlows(object, mac);
  if (!flows.ok) return flows;
  const { credential, settings, context } = order;
  const digest = digestOf(mac, credential);
  const judge = (present: AccountState): ImportStep => {
    const mode = order.mode ?? 'prove';
    const judged = judgeImport({ ...present, credential, digest, mode, nowMs: object.now() });
    // A token stored while it is being presented would be stored spent: the proof is joined, in every mode.
    const isPresented = judged.kind === 'store' && digest !== null && proofs.isOpen(mac, digest);
    return isPresented ? { kind: 'prove' } : judged;
  };
  const again = (): ReturnType<typeof importCredential> => importCredential(object, proofs, order, forget);
  const step = judge(state);
  if (step.kind === 'keep') return living;
  if (step.kind === 'refuse') {
    refuseRecorded(object, opened, context, [step.code]);
    return err({
      code: step.code,
      detail: step.detail,
      ...(step.code === 'credential_refused' ? { members: { provider_error: null } } : {}),
    });
  }
  if (step.kind === 'prove') {
    const isStill = (now: AccountState): boolean => judge(now).kind === 'prove';
    const proven = await proofs.prove(living.value, order, digest ?? '', isStill);
    if (proven.kind === 'judged_otherwise') return again();
    return proven.kind === 'stored' ? readLiving(object) : refusalOf(proven);
  }
  if (step.kind === 'check') {
    const retryAfterMs = proofs.waitMs(state.account, false);
    if (retryAfterMs > 0) return refusalOf({ kind: 'too_often', retryAfterMs });
  }
  const generation = drawn ?? drawGeneration(object, mac, state);
  const imported = await grantFromImport({
    grantId: IMPORTED_GRANT,
    credential,
    settings: forNewGrant(settingsFor(state.account, settings)),
    generation,
    nowMs: object.now(),
    encrypt: (field, text) => object.vault.encrypt(opened, IMPORTED_GRANT, field, generation, text),
  });
  const asked = step.kind === 'check' ? await check(object, proofs, living.value, order, imported) : null;
  if (asked !== null && !asked.ok) {
    if (asked.error.code === 'credential_refused')
      refuseRecorded(object, opened, context, ['refused_by_userinfo']);
    return asked;
  }
  const { acceptedAt, warnings } = asked?.value ?? { acceptedAt: null, warnings: [] };
  const grant = { ...endingAsLearnt(imported, state.account, object.now()), acceptedAt };
  const now = object.store.state(mac);
  if (now === null || now.account.incarnation !== opened.owner.incarnation) return err({ code: 'not_found' });
  // Another import drew its number later and was stored first: a number that is lower must not follow it. Or the account
  // lives on this very token by now, or it is being presented: it is judged again.
  if (now.grants.some((row) => row.generation > generation) || judge(now).kind !== step.kind) return again();
  storeImport(object, opened, {
    grant,
    settings,
    credentialType: credential.type,
    context,
    digest,
    spent: false,
    evidence: warnings.length > 0 ? ['not_proven'] : [],
  });
  forget();
  const taken = await readLiving(object);
  return taken.ok ? ok({ ...taken.value, warnings }) : taken;
}

/** A number that no other credential of the account has, durable before it is used. */
function drawGeneration({ store }: Account, mac: Uint8Array, { account }: AccountState): number {
  const generation = account.generationCounter + 1;
  store.transaction(() => store.saveAccount(mac, { ...account, generationCounter: generation }));
  return generation;
}

/** What the provider says of an access token that was brought alone, or why it is not stored. */
async function check(
  object: Account,
  proofs: ImportProofs,
  living: Living,
  order: ImportOrder,
  grant: GrantRow,
): Promise<Result<{ acceptedAt: string | null; warnings: readonly string[] }, ImportRefusal | Obstacle>> {
  const { settings } = order;
  if (settings.descriptor.userinfo_url === null) return ok({ acceptedAt: null, warnings: [UNPROVEN] });
  const closed = await proofs.closed(living, order, grant);
  if (closed !== null) return refusalOf(closed);
  const retryAfterMs = proofs.waitMs(living.state.account, true);
  if (retryAfterMs > 0) return refusalOf({ kind: 'too_often', retryAfterMs });
  const checked = await checkBrought(object, living, grant, settings);
  switch (checked.kind) {
    case 'good':
      return ok({ acceptedAt: checked.acceptedAt, warnings: [] });
    case 'unaskable':
      return ok({ acceptedAt: null, warnings: [UNPROVEN] });
    case 'bad':
      return err({
        code: 'credential_refused',
        detail: `the provider's userinfo endpoint refuses this access token; where it only lacks a scope for that, say verify: false; ${NOTHING}`,
        members: { provider_error: null },
      });
    case 'unsure':
      return refusalOf({
        kind: 'later',
        detail:
          "the provider's userinfo endpoint did not say whether it takes this access token: come again, or say verify: false to import it as it is",
        retryAfterMs: CHECK_AGAIN_MS,
      });
  }
}

/** Where the provider did not say when to come again. */
const CHECK_AGAIN_MS = 30_000;

/** One record of an import that was not taken. */
function refuseRecorded(
  object: Account,
  opened: OpenedAccount,
  context: RequestContext,
  evidence: readonly string[],
): void {
  const { mac } = opened.key;
  const state = authentic(() => object.store.state(mac));
  if (!state.ok || state.value === null) return;
  const { account } = state.value;
  object.store.transaction(() =>
    record(
      object,
      account,
      mac,
      { action: 'account.import', outcome: 'refused', reason: null, evidence },
      context,
    ),
  );
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

const NOTHING = 'nothing was changed';

/** What a proof that came to nothing says on the wire. */
function refusalOf(proven: Exclude<Proven, { kind: 'stored' }>): Result<never, ImportRefusal | Obstacle> {
  switch (proven.kind) {
    case 'refused':
      return err({
        code: 'credential_refused',
        detail: `the provider does not renew this grant for this connection's client${named(proven.providerError)}; ${NOTHING}`,
        members: { provider_error: proven.providerError },
      });
    case 'client':
      return err({
        code: 'misconfigured_connection',
        detail: `the provider refuses the client id or secret of this connection${named(proven.providerError)}, so that the credential could not be proven; ${NOTHING}`,
        members: { provider_error: proven.providerError },
      });
    case 'unusable':
      return err({
        code: 'provider_error',
        detail: `the provider answered with something that holds no token${named(proven.providerError)}; ${NOTHING}`,
        members: { provider_error: proven.providerError },
      });
    case 'unprovable':
      return err({
        code: 'conflict',
        detail: `this connection cannot exchange a refresh token (${proven.why}), so that it cannot be proven: say verify: false to import it as it is; ${NOTHING}`,
      });
    case 'later':
      return err({
        code: 'provider_unavailable',
        detail: `${proven.detail}; ${NOTHING}`,
        retryAfterS: seconds(proven.retryAfterMs),
      });
    case 'busy':
      return err({
        code: 'rate_limited',
        detail: 'other credentials are being proven for this account',
        retryAfterS: 2,
      });
    case 'too_often':
      return err({
        code: 'rate_limited',
        detail: `credentials are proven for an account that has one six times a minute; ${NOTHING}`,
        retryAfterS: seconds(proven.retryAfterMs),
        policy: policyOf('proofs'),
      });
    case 'overtaken':
      return err({
        code: 'conflict',
        detail: 'the account was changed by somebody else while the credential was being proven',
      });
    case 'gone':
      return err({ code: 'not_found' });
  }
}

const named = (code: string | null): string => (code === null ? '' : ` (${code})`);

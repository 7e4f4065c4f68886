/**
 * The Exchanger: a stateless entrypoint that renews one grant at the provider and commits through a fresh stub, so that
 * the death of the calling object between the provider's answer and the store loses nothing. Gets and gives ciphertexts
 * only; the plain tokens live in this file for the time of one call.
 */

import { WorkerEntrypoint } from 'cloudflare:workers';
import { fingerprint } from '#crypto/digest.ts';
import { decryptText, encryptText, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import {
  accountOwner,
  clientSecretPlace,
  CONNECTIONS_OWNER,
  grantPlace,
  type GrantField,
} from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { configOf, type Config } from '#env.ts';
import { sleep, systemNow, systemRandom } from '#lib/clock.ts';
import { log, setLogLevel } from '#lib/log.ts';
import { ok } from '#lib/result.ts';
import { classify, type Classified } from '#providers/classify.ts';
import { scopeKeyOf } from '#providers/scopes.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { ExchangeRequest } from '#refresh/exchange-request.ts';
import type { EncryptedTokens, SettleArgument } from '#refresh/outcome.ts';
import type { OutcomeSummary } from '#refresh/settle-plan.ts';
import { sendRefresh } from './token-endpoint.ts';

type Request = ExchangeRequest<ConnectionSettings>;

/** A settle that finds the object gone is tried again with growing pauses, until its share of the budget is over. */
const SETTLE_FIRST_PAUSE_MS = 40;

interface Opened {
  readonly owner: Owner;
  readonly key: DataKey;
  readonly refreshToken: string;
  readonly accessToken: string | null;
  readonly captured: Readonly<Record<string, string>>;
  readonly clientSecrets: readonly string[];
}

type Finding = Pick<SettleArgument, 'summary' | 'evidence' | 'tokens'>;

export class Exchanger extends WorkerEntrypoint {
  /** Resolves when the result is settled or can't be. The work outlives the caller. */
  exchange(request: Request): Promise<void> {
    const config = configOf(this.env);
    setLogLevel(config.logLevel);
    const work = exchange(config, request);
    this.ctx.waitUntil(work.catch(() => undefined));
    return work;
  }
}

async function exchange(config: Config, request: Request): Promise<void> {
  const sentAtMs = systemNow();
  const finding = await find(config, request, sentAtMs);
  await settle(config, request, {
    attemptId: request.attemptId,
    grantId: request.grantId,
    incarnation: request.incarnation,
    generationFrom: request.generationFrom,
    generationTo: request.generationTo,
    sentAtMs,
    durationMs: systemNow() - sentAtMs,
    connectionVersion: request.settings.version,
    narrowedTo: request.scopes,
    ...finding,
  });
}

/** Opens, calls, classifies, encrypts. Whatever goes wrong before the call left is `transient` without doubt. */
async function find(config: Config, request: Request, sentAtMs: number): Promise<Finding> {
  const opened = await open(config, request);
  if ('problem' in opened) return unsent(opened.problem);
  const deadlineMs = sentAtMs + (request.budgetMs * 2) / 3;
  const secrets = opened.clientSecrets.length === 0 ? [null] : opened.clientSecrets;
  let finding = unsent('no_client_secret');
  for (const clientSecret of secrets) {
    const answer = await sendRefresh(
      request.settings,
      { ...opened, clientSecret, scopes: request.scopes },
      {
        allowLoopback: config.allowLoopback,
        ownUrl: config.baseUrl,
        timeoutMs: Math.max(1, deadlineMs - systemNow()),
      },
    );
    if (answer.kind === 'unsendable') return unsent(answer.reason);
    const classified = classify(request.settings.descriptor, answer, {
      nowMs: sentAtMs,
      inDoubt: request.inDoubt,
      narrowed: request.scopes !== null,
      ...(request.scopes === null ? {} : { requestedScopes: [...request.scopes] }),
    });
    finding = await encrypted(request, opened, classified);
    // A client that is refused has presented no grant: the other secret of a pair may be the one in force.
    if (classified.outcome !== 'client_rejected' || classified.kind !== 'credentials') break;
  }
  return finding;
}

function unsent(why: string): Finding {
  const reason = why === 'record_corrupt' ? why : null;
  return {
    summary: { outcome: 'transient', doubt: false, retryAfterMs: null, providerError: null, reason },
    evidence: [why],
    tokens: null,
  };
}

async function open(config: Config, request: Request): Promise<Opened | { problem: string }> {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return { problem: ring.error.code };
  const owner = accountOwner(request.accountId, request.organization, request.incarnation);
  const key = await openDataKey(ring.value, owner, request.dataKey);
  if (!key.ok) return { problem: key.error.code };
  const stored = (field: GrantField, text: string): ReturnType<typeof decryptText> =>
    decryptText(key.value, grantPlace(owner, request.grantId, field, request.generationFrom), text);
  const refreshToken = await stored('refresh_token', request.refreshToken);
  if (!refreshToken.ok) return { problem: refreshToken.error.code };
  // The present token is only carried over when the answer is for narrower scopes; else it is replaced.
  const carried = request.scopes === null ? null : request.accessToken;
  const accessToken = carried === null ? ok(null) : await stored('access_token', carried);
  if (!accessToken.ok) return { problem: accessToken.error.code };
  const captured = request.captured === null ? ok('{}') : await stored('captured', request.captured);
  if (!captured.ok) return { problem: captured.error.code };
  const clientSecrets: string[] = [];
  if (request.settings.clientSecrets.length > 0) {
    const connections = await openDataKey(ring.value, CONNECTIONS_OWNER, request.settings.dataKey);
    if (!connections.ok) return { problem: connections.error.code };
    for (const [index, text] of request.settings.clientSecrets.entries()) {
      const secret = await decryptText(
        connections.value,
        clientSecretPlace(request.settings.id, index),
        text,
      );
      if (!secret.ok) return { problem: secret.error.code };
      clientSecrets.push(secret.value);
    }
  }
  return {
    owner,
    key: key.value,
    refreshToken: refreshToken.value,
    accessToken: accessToken.value,
    captured: JSON.parse(captured.value),
    clientSecrets,
  };
}

async function encrypted(request: Request, opened: Opened, classified: Classified): Promise<Finding> {
  const summary = summaryOf(classified);
  const evidence = 'evidence' in classified ? classified.evidence : [];
  if (classified.outcome !== 'refreshed') return { summary, evidence, tokens: null };
  const { tokens } = classified;
  const narrowed = isNarrowed(request, tokens.scopes);
  const own = narrowed ? opened.accessToken : tokens.accessToken;
  const captured = { ...opened.captured, ...tokens.captured };
  const encrypt = (field: GrantField, text: string): Promise<string> =>
    encryptText(opened.key, grantPlace(opened.owner, request.grantId, field, request.generationTo), text);
  const result: EncryptedTokens = {
    accessToken: own === null ? null : await encrypt('access_token', own),
    // No successor came along: the presented one stays, encrypted anew for the generation that is about to be stored.
    refreshToken: await encrypt('refresh_token', tokens.refreshToken ?? opened.refreshToken),
    narrowedAccessToken: narrowed
      ? await encrypt(`narrowed:${scopeKeyOf(request.scopes ?? [])}`, tokens.accessToken)
      : null,
    tokenType: tokens.tokenType,
    lifetimeMs: tokens.lifetimeMs,
    refreshLifetimeMs: tokens.refreshLifetimeMs,
    scopes: tokens.scopes,
    captured: Object.keys(captured).length === 0 ? null : await encrypt('captured', JSON.stringify(captured)),
    fingerprint: fingerprint(opened.key.mac, tokens.accessToken),
  };
  return { summary, evidence, tokens: result };
}

/**
 * The outcome as the account sees it. A request that the provider calls wrong is the connection's matter only when
 * several accounts meet it; to this account it passes. `reason` of a transient error says that a table knows it.
 */
function summaryOf(classified: Classified): OutcomeSummary {
  const wrongRequest =
    classified.outcome === 'client_rejected' &&
    classified.kind === 'request' &&
    !classified.evidence.includes('narrowed');
  return {
    outcome: wrongRequest ? 'transient' : classified.outcome,
    doubt: classified.doubt,
    retryAfterMs: 'retryAfterMs' in classified ? classified.retryAfterMs : null,
    providerError: 'providerError' in classified ? classified.providerError : null,
    reason: reasonOf(classified, wrongRequest),
  };
}

function reasonOf(classified: Classified, wrongRequest: boolean): string | null {
  if (wrongRequest) return 'fix_request';
  if (classified.outcome === 'grant_dead') return classified.reason;
  return classified.outcome === 'transient' && classified.listed === true ? 'listed_transient' : null;
}

/** A provider may ignore that less was asked for: then the token is the full one, and nobody gets it as narrowed. */
function isNarrowed(request: Request, granted: readonly string[] | null): boolean {
  const { scopes } = request;
  return scopes !== null && (granted === null || granted.every((scope) => scopes.includes(scope)));
}

interface SettleStub {
  settle(argument: SettleArgument): Promise<unknown>;
}

/** Commits through a new stub per try: one that threw stays broken, and the next incarnation may be elsewhere. */
async function settle(config: Config, request: Request, argument: SettleArgument): Promise<void> {
  const deadlineMs = systemNow() + request.budgetMs / 3;
  for (let pauseMs = SETTLE_FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      const stub = config.accounts.getByName(request.accountId) as unknown as SettleStub;
      await stub.settle(argument);
      return;
    } catch (error) {
      if (systemNow() + pauseMs > deadlineMs) throw error;
      log('warn', 'settle is tried again', { attempt: request.attemptId, error });
    }
    await sleep(pauseMs * (0.5 + systemRandom()));
  }
}

/**
 * The Exchanger: a stateless entrypoint that renews one grant at the provider and commits through a fresh stub, so that
 * the death of the calling object between the provider's answer and the store loses nothing. Gets and gives ciphertexts
 * only; the plain tokens live in this room for the time of one call.
 */

import { WorkerEntrypoint } from 'cloudflare:workers';
import { configOf, type Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log, setLogLevel } from '#lib/log.ts';
import { fillAccount } from '#providers/variables/account-variables.ts';
import { classify, type Classified } from '#providers/answers/classify.ts';
import { versionOf } from '#providers/clients.ts';
import { bringsOwnClient } from '#providers/machine/credential.ts';
import { classifyMachine } from '#providers/machine/machine-answer.ts';
import { scopesAsked } from '#providers/machine/machine-request.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { Identified, IdentifyRequest } from '#refresh/exchange/code-exchange.ts';
import type { RevocationFinding } from '#providers/requests/revocation.ts';
import type { RevocationRequest } from '#refresh/revocation.ts';
import type { TokenVerdict } from '#refresh/refused-token.ts';
import { checkToken } from '../identity/check-token.ts';
import { identify } from '../identity/identify.ts';
import { revoke } from '../revoke.ts';
import { findingOf, unread, unsent, type Finding } from './finding.ts';
import { open, type Opened, type Request } from './open.ts';
import { settle } from './settle.ts';
import { couldTell, tellSubject, type Renewed } from './subject.ts';
import { guardOfProvider } from '../guard/guard.ts';
import { sendMachine } from '../machine/send-machine.ts';
import { sendExchange, sendRefresh, type SendOptions, type Sent } from './token-endpoint.ts';

/** With less left a call would be cut off in the middle, and that would be doubt of our own making. */
const SHORTEST_CALL_MS = 2_000;

export class Exchanger extends WorkerEntrypoint {
  /** Resolves when the result is settled or can't be. The work outlives the caller. */
  exchange(request: Request): Promise<void> {
    const config = configOf(this.env);
    setLogLevel(config.logLevel);
    const work = exchange(config, request);
    this.ctx.waitUntil(work.catch(() => undefined));
    return work;
  }

  /** Whose token it is; names no secret. */
  identify(request: IdentifyRequest<ConnectionSettings>): Promise<Identified> {
    return identify(configOf(this.env), request);
  }

  /** Whether its provider still takes a token; names no secret. */
  checkToken(request: IdentifyRequest<ConnectionSettings>): Promise<TokenVerdict> {
    return checkToken(configOf(this.env), request);
  }

  /** Ends a token at its provider; names no secret. */
  revoke(request: RevocationRequest<ConnectionSettings>): Promise<RevocationFinding> {
    return revoke(configOf(this.env), request);
  }
}

async function exchange(config: Config, request: Request): Promise<void> {
  const sentAtMs = systemNow();
  const { finding, renewed } = await find(config, request, sentAtMs);
  const settled = await settle(config, request, {
    attemptId: request.attemptId,
    grantId: request.grantId,
    incarnation: request.incarnation,
    generationFrom: request.generationFrom,
    generationTo: request.generationTo,
    sentAtMs,
    durationMs: systemNow() - sentAtMs,
    connectionVersion: versionOf(request.settings),
    narrowedTo: request.scopes,
    ...(request.probe === true ? { probe: true } : {}),
    ...finding,
  });
  // Only now: a provider that is slow to say who its user is must not hold a rotated token.
  if (renewed !== null && settled === 'stored') await tellSubject(config, request, renewed);
}

interface Found {
  readonly finding: Finding;
  /** What to ask with whose grant it is; null: no question is asked, or there is nothing to ask with. */
  readonly renewed: Renewed | null;
}

const only = (finding: Finding): Found => ({ finding, renewed: null });

/** Opens, calls, classifies, encrypts. A failure before the call left is `transient` without doubt. */
async function find(config: Config, request: Request, sentAtMs: number): Promise<Found> {
  const opened = await open(config, request);
  if ('problem' in opened) return only(unsent(opened.problem));
  const deadlineMs = sentAtMs + (request.budgetMs * 2) / 3;
  const secrets = opened.clientSecrets.length === 0 ? [null] : opened.clientSecrets;
  const guard = guardOfProvider(config, request.settings.provider);
  let found: Found | null = null;
  // An endpoint may lie under a part of the account's own.
  const descriptor = fillAccount(request.settings.descriptor, {
    captured: opened.captured,
    given: opened.machine?.values ?? {},
  });
  for (const clientSecret of secrets) {
    const leftMs = deadlineMs - systemNow();
    if (found !== null && leftMs < Math.min(SHORTEST_CALL_MS, request.budgetMs / 6)) break;
    const settings = { ...request.settings, descriptor };
    const options = { guard, ownUrl: config.baseUrl, timeoutMs: Math.max(1, leftMs) };
    const answer = await present({ ...request, settings }, opened, clientSecret, sentAtMs, options);
    if (answer.kind === 'unsendable') return found ?? only(unsent(answer.reason));
    // Nothing left, and that says nothing of the provider.
    if (answer.kind === 'failure' && answer.failure === 'resolver_failed')
      return found ?? only(unsent(answer.failure));
    const judged = await judge(request, opened, answer, sentAtMs);
    const { classified } = judged;
    const renewed =
      answer.kind === 'response' && classified?.outcome === 'refreshed'
        ? { opened, answer, tokens: classified.tokens, stored: judged.finding.tokens?.captured ?? null }
        : null;
    found = {
      finding: judged.finding,
      renewed: renewed !== null && couldTell(request, renewed) ? renewed : null,
    };
    // A client that is refused has presented no grant: the other secret of a pair may be the one in force.
    if (classified?.outcome !== 'client_rejected' || classified.kind !== 'credentials') break;
  }
  return found ?? only(unsent('no_client_secret'));
}

/** Asks for the token, each kind of grant in its way. Never throws. */
function present(
  request: Request,
  opened: Opened,
  clientSecret: string | null,
  nowMs: number,
  options: SendOptions,
): Promise<Sent> {
  const { settings, attemptId } = request;
  const { machine: credential } = opened;
  if (request.exchanges === true)
    return sendExchange(settings, { subjectToken: opened.refreshToken, clientSecret }, options);
  if (credential === null)
    return sendRefresh(settings, { ...opened, clientSecret, scopes: request.scopes }, options);
  // A second secret signs and presents anew.
  const jti = `${attemptId}.${opened.clientSecrets.indexOf(clientSecret ?? '') + 1}`;
  const scopes = askedScopes(request, opened) ?? [];
  return sendMachine(settings, { credential, clientSecret, scopes, nowMs, jti }, options);
}

/** What the request names; null: a refresh of all that was granted names nothing. */
function askedScopes(request: Request, { machine }: Opened): readonly string[] | null {
  const { descriptor, scopes: ofConnection } = request.settings;
  return machine === null ? request.scopes : scopesAsked(descriptor, machine, ofConnection, request.scopes);
}

/** Never throws: after an answer has been read, an exception of ours would throw the successor away in silence. */
async function judge(
  request: Request,
  opened: Opened,
  answer: Exclude<Sent, { kind: 'unsendable' }>,
  sentAtMs: number,
): Promise<{ finding: Finding; classified: Classified | null }> {
  try {
    const { descriptor, accessTokenTtlS: setLifetimeS, clientId } = request.settings;
    const { machine } = opened;
    const asked = askedScopes(request, opened);
    const context = {
      nowMs: sentAtMs,
      narrowed: request.scopes !== null,
      setLifetimeS,
      ...(asked === null || asked.length === 0 ? {} : { requestedScopes: [...asked] }),
    };
    const classified =
      machine === null
        ? classify(descriptor, answer, {
            ...context,
            inDoubt: request.inDoubt,
            isFirst: request.exchanges === true,
          })
        : classifyMachine(descriptor, answer, {
            ...context,
            type: machine.type,
            isOwnClient: bringsOwnClient(machine, clientId),
          });
    return { finding: await findingOf(request, opened, classified), classified };
  } catch (error) {
    log('error', 'an answer of a token endpoint could not be judged', { attempt: request.attemptId, error });
    return { finding: unread(), classified: null };
  }
}

/**
 * Whose grant was renewed, where the account does not know it: read from the token answer, or asked of the provider
 * with the new access token. It begins when the tokens are stored, happens once per exchange and ends in its time; a
 * provider that does not say is asked again at the next refresh, and nobody hears of it.
 */

import type { Config } from '#env.ts';
import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { TokenSet } from '#providers/answer.ts';
import { parseBody } from '#providers/body.ts';
import { tellsSubject } from '#providers/identity.ts';
import type { SubjectTold } from '#refresh/outcome.ts';
import type { Opened, Request } from './exchange-open.ts';
import { guardOfProvider } from './guard.ts';
import { answeredOf, askIdentity } from './identity.ts';
import type { Sent } from './token-endpoint.ts';

/** Keys and userinfo have 5 s each; together they get no more than this. */
const ASK_LIMIT_MS = 6_000;
const TELL_LIMIT_MS = 4_000;

/** What the exchange leaves to ask with; in plain for the time of one question. */
export interface Renewed {
  readonly opened: Pick<Opened, 'captured'>;
  readonly answer: Extract<Sent, { kind: 'response' }>;
  readonly tokens: TokenSet;
}

interface SubjectStub {
  keepSubject(told: SubjectTold): Promise<unknown>;
}

/** Never throws. */
export async function tellSubject(config: Config, request: Request, renewed: Renewed): Promise<void> {
  const { descriptor, clientId } = request.settings;
  if (!tellsSubject(descriptor)) return;
  try {
    const { opened, answer: answered, tokens } = renewed;
    const parsed = parseBody(answered.body, answered.headers['content-type'] ?? null);
    const asked = askIdentity({
      descriptor,
      clientId: clientId ?? '',
      accessToken: tokens.accessToken,
      captured: { ...opened.captured, ...tokens.captured },
      answered: { ...answeredOf(descriptor, opened.captured), ...tokens.captured },
      callback: {},
      given: {},
      tokenResponse: parsed.kind === 'json' || parsed.kind === 'form' ? parsed.value : null,
      // A refresh sends none (OpenID Connect Core, 12.2).
      nonce: null,
      nowMs: systemNow(),
      guard: guardOfProvider(config, request.settings.provider),
    });
    const answer = await within(ASK_LIMIT_MS, asked, null);
    if (answer === null || !answer.ok || answer.identity.subject === null) return;
    const stub = config.accounts.getByName(request.accountId) as unknown as SubjectStub;
    const told = stub.keepSubject({
      grantId: request.grantId,
      incarnation: request.incarnation,
      generation: request.generationTo,
      subject: answer.identity.subject,
      label: answer.identity.label,
    });
    await within(TELL_LIMIT_MS, told, undefined);
  } catch (error) {
    log('warn', 'whose grant was renewed could not be kept', { attempt: request.attemptId, error });
  }
}

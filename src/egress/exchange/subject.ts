/**
 * The user of a renewed grant, and the variables of its account, where they are not known: read from the token answer,
 * or asked of the provider with the new access token. It begins when the tokens are stored, happens once per exchange
 * and ends in its time; a provider that does not say is asked again at the next refresh, and nobody hears of it.
 */

import type { Config } from '#env.ts';
import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { TokenSet } from '#providers/answers/answer.ts';
import { couldTellVariables } from '#providers/variables/account-variables.ts';
import { parseBody } from '#providers/answers/body.ts';
import { tellsSubject } from '#providers/identity.ts';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import type { Opened, Request } from './open.ts';
import { guardOfProvider } from '../guard/guard.ts';
import { answeredOf, askIdentity } from '../identity/identity.ts';
import { learntOf } from './learnt-variables.ts';
import type { Sent } from './token-endpoint.ts';

/** Keys and userinfo have 5 s each; together they get no more than this. */
const ASK_LIMIT_MS = 6_000;
const TELL_LIMIT_MS = 4_000;

/** What the exchange leaves to ask with; in plain for the time of one question. */
export interface Renewed {
  readonly opened: Pick<Opened, 'captured' | 'owner' | 'key'>;
  readonly answer: Extract<Sent, { kind: 'response' }>;
  readonly tokens: TokenSet;
  /** The ciphertext of what the grant has captured, as it was settled. */
  readonly stored: string | null;
}

interface SubjectStub {
  keepSubject(told: SubjectTold): Promise<unknown>;
}

/** Whether a question could tell anything that is not known of the account or the grant. */
export function couldTell(
  { settings: { descriptor }, wantsSubject, variables: given = {} }: Request,
  { opened, tokens }: Pick<Renewed, 'opened' | 'tokens'>,
): boolean {
  const captured = { ...opened.captured, ...tokens.captured };
  return (
    (wantsSubject === true && tellsSubject(descriptor)) ||
    couldTellVariables(descriptor, { captured, given }, true)
  );
}

/** Never throws. */
export async function tellSubject(config: Config, request: Request, renewed: Renewed): Promise<void> {
  const { descriptor, clientId } = request.settings;
  try {
    const { opened, answer: answered, tokens } = renewed;
    const captured = { ...opened.captured, ...tokens.captured };
    const given = request.variables ?? {};
    const parsed = parseBody(answered.body, answered.headers['content-type'] ?? null);
    const asked = askIdentity({
      descriptor,
      clientId: clientId ?? '',
      accessToken: tokens.accessToken,
      captured,
      answered: { ...answeredOf(descriptor, opened.captured), ...tokens.captured },
      callback: {},
      given,
      tokenResponse: parsed.kind === 'json' || parsed.kind === 'form' ? parsed.value : null,
      // A refresh sends none (OpenID Connect Core, 12.2).
      nonce: null,
      nowMs: systemNow(),
      guard: guardOfProvider(config, request.settings.provider),
    });
    const answer = await within(ASK_LIMIT_MS, asked, null);
    if (answer === null || !answer.ok) return;
    const grant = { ...opened, grantId: request.grantId, generation: request.generationTo };
    const learnt = await learntOf(descriptor, { ...grant, captured, given, stored: renewed.stored }, answer);
    if (answer.identity.subject === null && learnt === null) return;
    const stub = config.accounts.getByName(request.accountId) as unknown as SubjectStub;
    const told = stub.keepSubject({
      grantId: request.grantId,
      incarnation: request.incarnation,
      generation: request.generationTo,
      subject: answer.identity.subject,
      label: answer.identity.label,
      ...(learnt === null ? {} : { learnt }),
      ...(answer.unsure ? { incomplete: true } : {}),
    });
    await within(TELL_LIMIT_MS, told, undefined);
  } catch (error) {
    log('warn', 'whose grant was renewed could not be kept', { attempt: request.attemptId, error });
  }
}

/**
 * Asks a provider whether it still takes a token, at its userinfo endpoint: of a grant that nothing renews, only the
 * provider can say that its token is over. Names no secret and nobody.
 *
 * Sources: RFC 6750 section 3.1 (401 `invalid_token`, `insufficient_scope`).
 */

import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { judgeApiAnswer } from '#providers/answers/api-answer.ts';
import { parseBody } from '#providers/answers/body.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { IdentifyRequest } from '#refresh/exchange/code-exchange.ts';
import type { TokenVerdict } from '#refresh/refused-token.ts';
import { guardOfProvider } from '../guard/guard.ts';
import type { FetchOutcome } from '../guard/guarded-fetch.ts';
import { openForQuestion } from './identify.ts';
import { askUserinfo } from './identity.ts';

/** Never throws. */
export async function checkToken(
  config: Config,
  request: IdentifyRequest<ConnectionSettings>,
): Promise<TokenVerdict> {
  const { settings } = request;
  const opened = await openForQuestion(config, request);
  if (opened === null) return 'unsure';
  const answer = await askUserinfo({
    descriptor: settings.descriptor,
    accessToken: opened.accessToken,
    captured: opened.captured,
    given: request.variables ?? {},
    guard: guardOfProvider(config, settings.provider),
  });
  if (answer === null) return 'unaskable';
  return verdictOf(settings.descriptor, answer, systemNow());
}

/** Only an answer that is plainly about the token says anything: a login page, a firewall and an outage do not. */
function verdictOf(descriptor: Descriptor, answer: FetchOutcome, nowMs: number): TokenVerdict {
  if (answer.kind === 'failure') return 'unsure';
  const { status, headers, body } = answer;
  // The token is good and may not do this: some say it with 401.
  if (/\binsufficient_scope\b/i.test(headers['www-authenticate'] ?? '')) return 'insufficient';
  const { verdict } = judgeApiAnswer(descriptor, { status, headers, body }, nowMs);
  const { kind } = parseBody(body, headers['content-type'] ?? null);
  // A page is a wall's before the provider, unless the challenge beside it asks for a token (RFC 6750, 3).
  const isWall = kind === 'html' && !/^\s*Bearer\b/i.test(headers['www-authenticate'] ?? '');
  if (verdict === 'token_refused') return isWall ? 'unsure' : status === 401 ? 'refused' : 'dead';
  return verdict === 'accepted' && status < 300 && kind === 'json' ? 'accepted' : 'unsure';
}

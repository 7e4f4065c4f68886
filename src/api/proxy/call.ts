/**
 * A call through the broker: the request is read, the account's door lets it out for each sending, and `proxy` makes it.
 * Knows nothing of the app: `routes.ts` and the front bring requests here.
 */

import { Identifier, Organization } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { outgoingBody, type OutgoingBody } from '#proxy/body.ts';
import { forward } from '#proxy/forward.ts';
import { askedOf, type Asked } from '#proxy/target.ts';
import type { Arrival } from '../arrival.ts';
import { requireAgent } from '../guards.ts';
import { AccountGate, type Target } from '../asking/account-gate.ts';
import { approvedContent } from './approved-content.ts';
import { headerOf } from '../http/input.ts';
import { provingHeaders } from './key-forms.ts';

/** Whose account is meant: by its id, or by the short form. */
export type Addressee =
  { readonly accountId: string } | { readonly agentId: string; readonly connection: string };

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const HEAD_WITHIN_MS = 100_000;

/** @param rest of the URL, behind `/proxy`, with its query @param front of the caller's URL, up to `/proxy` */
export async function proxied(
  arrival: Arrival,
  request: Request,
  addressee: Addressee,
  rest: string,
  front: string,
): Promise<Response> {
  const proving: Arrival = { ...arrival, headers: provingHeaders(request.headers) };
  const { method } = request;
  const head = readHead(request, rest);
  // Nothing of a body is taken in for a caller that may not ask.
  await requireAgent(proving);
  const call = { ...head, body: await readBody(request) };
  const use = { action: 'proxy', method, path: call.asked.path } as const;
  const content = {
    method,
    asked: call.asked,
    baseUrl: call.baseUrl,
    headers: request.headers,
    body: call.body,
  };
  const gate = new AccountGate(proving, askedBy(addressee, proving.headers), use, (caller) => ({
    use: approvedContent(caller, content),
  }));
  const answer = forward(
    {
      ...call,
      method,
      headers: request.headers,
      signal: request.signal,
      proxyUrl: `${originFor(arrival)}${front}`,
    },
    gate,
  );
  // The platform drops what a caller that hangs up was waiting for: the end of its call has to be recorded still.
  arrival.waitUntil(answer.catch(() => undefined));
  const response = await answer;
  response.headers.set('x-correlation-id', arrival.correlationId);
  return response;
}

/** Where the caller reaches the broker. */
function originFor({ config, url }: Arrival): string {
  return config.baseUrl === null ? new URL(url).origin : config.baseUrl.replace(/\/+$/, '');
}

interface Head {
  readonly asked: Asked;
  readonly baseUrl: string | null;
  readonly timeoutMs: number;
}

/** @throws ProblemError for what cannot be sent as it is */
function readHead({ method, headers }: Request, rest: string): Head {
  if (headers.has('upgrade')) throw new ProblemError('upgrade_refused');
  if (!METHODS.has(method))
    throw new ProblemError('method_not_allowed', { detail: `this path takes ${[...METHODS].join(', ')}` });
  const asked = askedOf(rest);
  if (!asked.ok) throw invalid(asked.error.path, asked.error.message);
  const timeoutMs = timeoutOf(headers.get('x-valetkey-timeout-ms'));
  return { asked: asked.value, baseUrl: headers.get('x-valetkey-base-url'), timeoutMs };
}

/** @throws ProblemError where it is too large or breaks off */
async function readBody({ body, headers }: Request): Promise<OutgoingBody> {
  const length = headers.get('content-length');
  const read = await outgoingBody(body, length === null ? null : Number(length));
  if (read.ok) return read.value;
  if (read.error === 'too_large') throw new ProblemError('too_large', { detail: 'a body may hold 100 MiB' });
  throw new ProblemError('invalid_request', { detail: 'the body broke off before its end' });
}

function timeoutOf(given: string | null): number {
  if (given === null) return HEAD_WITHIN_MS;
  const timeoutMs = /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (timeoutMs < 1 || timeoutMs > HEAD_WITHIN_MS)
    throw invalid('X-Valetkey-Timeout-Ms', `must be a whole number from 1 to ${HEAD_WITHIN_MS}`);
  return timeoutMs;
}

/** The account that the request means. @throws ProblemError 400 for a header that is no name */
function askedBy(addressee: Addressee, headers: Headers): Target {
  if ('accountId' in addressee) return addressee;
  const identifier = headerOf(headers, 'X-Valetkey-Identifier', Identifier);
  const organization = headerOf(headers, 'X-Valetkey-Organization', Organization);
  return { ...addressee, identifier, organization };
}

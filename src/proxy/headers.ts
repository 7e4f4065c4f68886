/**
 * Which headers cross the proxy, both ways: by list, because the platform would pass on all that are not taken out. Pure.
 */

import { isListable, isListedHeader } from '#providers/requests/headers.ts';

/** By name, in lower case. */
export type Texts = Readonly<Record<string, string>>;

/** To every API: content and its conditions. `Accept-Encoding` is the platform's, which has to undo it. */
const OUT = new Set([
  'accept',
  'accept-charset',
  'accept-datetime',
  'accept-language',
  'accept-patch',
  'idempotency-key',
  'prefer',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
]);
/** `Content-Length` is of the body, and told with it. */
const OUT_FAMILIES = /^(?:content-(?!length$)|if-)[a-z0-9-]+$/;

const BACK = new Set([
  'accept-ranges',
  'age',
  'allow',
  'date',
  'deprecation',
  'etag',
  'expires',
  'idempotent-replayed',
  'last-modified',
  'link',
  'location',
  'preference-applied',
  'retry-after',
  'retry-after-ms',
  'stripe-should-retry',
  'sunset',
  'vary',
  'warning',
  'x-accepted-oauth-scopes',
  'x-next-page',
  'x-oauth-scopes',
  'x-page',
  'x-poll-interval',
  'x-per-page',
  'x-prev-page',
  'x-should-retry',
  'x-total',
  'x-total-count',
  'x-total-pages',
  'x-trace-id',
  'x-correlation',
]);
/** Lengths and encodings are of the body as it came; what goes on is decoded. */
const BACK_FAMILIES =
  /^(?:content-(?!length$|encoding$|security-policy)[a-z0-9-]+|(?:x-)?rate-?limit[a-z0-9-]*|x-[a-z0-9-]*rate-?limit[a-z0-9-]*|(?:x-)?(?:[a-z0-9]+-)*request-?id)$/;

/**
 * What of the caller's headers leaves.
 *
 * @param listed those that this API knows beside the common ones, in lower case
 */
export function outgoingHeaders(given: Iterable<[string, string]>, listed: readonly string[]): Texts {
  const kept: Record<string, string> = {};
  const isKnown = (name: string) => isListable(name) && isListedHeader(name, listed);
  const allowed = (name: string) => OUT.has(name) || OUT_FAMILIES.test(name) || isKnown(name);
  for (const [name, value] of given) if (allowed(name.toLowerCase())) kept[name.toLowerCase()] = value;
  // Without one, an engine would name itself.
  kept['user-agent'] ??= 'valetkey';
  return kept;
}

/**
 * What of the API's headers goes back.
 *
 * @param listed those that this API answers beside the common ones, in lower case
 * @param followed a URL of the answer as the caller may follow it; null: it may not
 */
export function answerHeaders(
  given: Iterable<[string, string]>,
  followed: (url: string) => string | null,
  listed: readonly string[] = [],
): Texts {
  const kept: Record<string, string> = {};
  for (const [name, value] of given) {
    const lower = name.toLowerCase();
    if (!BACK.has(lower) && !BACK_FAMILIES.test(lower) && !isListedHeader(lower, listed)) continue;
    const told =
      lower === 'location' || lower === 'content-location'
        ? followed(value)
        : lower === 'link'
          ? linksOf(value, followed)
          : value;
    if (told !== null) kept[lower] = told;
  }
  return kept;
}

/** RFC 8288: each link keeps its parameters, or goes as a whole. */
function linksOf(value: string, followed: (url: string) => string | null): string | null {
  const links = [...value.matchAll(/<([^>]*)>((?:[^,"<]|"(?:[^"\\]|\\.)*")*)/g)].flatMap(
    ([, url = '', parameters = '']) => {
      const told = followed(url);
      return told === null ? [] : [`<${told}>${parameters.trimEnd()}`];
    },
  );
  return links.length === 0 ? null : links.join(', ');
}

/**
 * What a token endpoint can answer that is neither a token nor a parsed, final refusal: as faults of the test server, and
 * whether each leaves open that the provider has used the refresh token up.
 */

import type { Fault } from '../../src/dev/oauth/faults.ts';

/** Stands in bodies that carry no usable token: nobody may get it. */
const WRONG = 'a-token-that-nobody-may-get';
/** Longer than an answer is read. */
const long = (text: string) => text + 'x'.repeat(1_200 * 1024);

export type BadAnswer = readonly [name: string, fault: () => Fault, says: { doubt: boolean }];

/** @param elsewhere the URL of another host, to which a redirect may point; read when the fault is made */
export function badAnswers(elsewhere: () => string): readonly BadAnswer[] {
  return [
    ['500', () => ({ status: 500 }), { doubt: true }],
    ['500 with an OAuth error', () => ({ status: 500, body: { error: 'invalid_grant' } }), { doubt: true }],
    ['a gateway page with 502', () => ({ html: true, status: 502 }), { doubt: true }],
    ['503', () => ({ status: 503, headers: { 'Retry-After': '1' } }), { doubt: true }],
    ['408', () => ({ status: 408 }), { doubt: true }],
    ['a hanging connection', () => ({ delayBeforeMs: Infinity }), { doubt: true }],
    ['a reset connection', () => ({ dropBefore: true }), { doubt: true }],
    ['a 403 page of a firewall', () => ({ html: true }), { doubt: false }],
    ['a 400 page', () => ({ html: true, status: 400 }), { doubt: true }],
    ['400 with an error in no table', () => ({ status: 400, body: { error: 'odd' } }), { doubt: false }],
    ['401 with JSON that names no error', () => ({ status: 401, body: { message: 'no' } }), { doubt: false }],
    ['403 with invalid_grant', () => ({ status: 403, body: { error: 'invalid_grant' } }), { doubt: false }],
    ['cut JSON', () => ({ body: `{"access_token":"${WRONG}` }), { doubt: true }],
    ['a page with 200', () => ({ html: true, status: 200 }), { doubt: true }],
    ['an empty 200', () => ({ body: '' }), { doubt: true }],
    ['200 with an error body', () => ({ body: { error: 'invalid_grant' } }), { doubt: true }],
    ['200 without a token', () => ({ body: { token_type: 'Bearer', expires_in: 3600 } }), { doubt: true }],
    ['200 with a token that is none', () => ({ body: { access_token: 17 } }), { doubt: true }],
    ['200 with an array', () => ({ body: [{ access_token: WRONG }] }), { doubt: true }],
    ['204', () => ({ status: 204, body: '' }), { doubt: true }],
    ['a dripping body', () => ({ body: { access_token: WRONG }, dripMs: 400 }), { doubt: true }],
    ['1.2 MiB of text', () => ({ body: long('x') }), { doubt: true }],
    ['1.2 MiB of JSON', () => ({ body: { pad: long('x'), access_token: WRONG } }), { doubt: true }],
    [
      'a 302 to another host',
      () => ({ status: 302, headers: { Location: `${elsewhere()}/token` } }),
      { doubt: true },
    ],
    [
      'a 307 to another host',
      () => ({ status: 307, headers: { Location: `${elsewhere()}/token` } }),
      { doubt: true },
    ],
  ];
}

/** A person's yes is to one call: to what else leaves with it as well. */

import { expect, it } from 'vitest';
import { approvedContent, type Content } from '../../../src/api/proxy/approved-content.ts';

const caller = (approval: object | undefined) =>
  ({ policy: { rules: [{ connection: '*', approval }] } }) as unknown as Parameters<
    typeof approvedContent
  >[0];
const bytes = (text: string) => new TextEncoder().encode(text);
const body = (text: string | null) => ({ bytes: text === null ? null : bytes(text) }) as Content['body'];
const CALL: Content = {
  method: 'POST',
  asked: { path: '/x', query: '?a=1' },
  baseUrl: null,
  headers: new Headers({ 'content-type': 'text/plain', 'user-agent': 'one' }),
  body: body('pay 5'),
};
const made = (changes: Partial<Content>) => approvedContent(caller({ ttl_s: 60 }), { ...CALL, ...changes });
const digest = (changes: Partial<Content>) => made(changes).digest;
const headers = (more: Record<string, string>) => new Headers({ 'content-type': 'text/plain', ...more });

it('the same call has the same digest, whoever names itself as its program', () => {
  expect(digest({ headers: headers({ 'user-agent': 'two', traceparent: '00-1' }) })).toBe(digest({}));
});

it.each<[string, Partial<Content>]>([
  ['query', { asked: { path: '/x', query: '?a=2' } }],
  ['body', { body: body('pay 6') }],
  ['kind of the body', { headers: headers({ 'content-type': 'application/json' }) }],
  ['condition', { headers: headers({ 'if-match': '"7"' }) }],
  ['range', { headers: headers({ range: 'bytes=0-1' }) }],
  ['preference', { headers: headers({ prefer: 'return=minimal' }) }],
])('another %s is another call', (_what, changes) => {
  expect(digest(changes)).not.toBe(digest({}));
});

it('headers that some APIs take go to the account, and what proves the caller does not', () => {
  const given = {
    authorization: 'Bearer vk_agent_x',
    cookie: 'a=b',
    dpop: 'proof',
    'x-valetkey-purpose': 'why',
    'cf-access-jwt-assertion': 'jwt',
    'stripe-account': 'acct_1',
  };
  const { headers: kept, baseUrl } = made({ headers: headers(given), baseUrl: 'https://files.example.com' });
  expect(kept).toEqual({ 'stripe-account': 'acct_1' });
  expect(baseUrl).toBe('https://files.example.com');
});

it('a body that is not kept is like no other, and nothing is made for an agent that nobody is asked about', () => {
  expect(digest({ body: body(null) })).not.toBe(digest({ body: body(null) }));
  expect(approvedContent(caller(undefined), CALL)).toEqual({});
});

it('what is shown is all that leaves, as HTTP writes it, or nothing', () => {
  const preview = (changes: Partial<Content>) => made(changes).preview;
  expect(preview({})).toBe('POST /x?a=1\ncontent-type: text/plain\n\npay 5');
  expect(preview({ body: body('x'.repeat(5_000)) })).toBeNull();
  expect(preview({ body: body('') })).toBe('POST /x?a=1\ncontent-type: text/plain');
  const disguised = { asked: { path: '/x', query: '' }, body: body('?a=1\n\npay 5') };
  expect(preview(disguised)).not.toBe(preview({}));
});

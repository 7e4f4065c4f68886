/** A person's yes is to one call: to what else leaves with it as well. */

import { describe, expect, it } from 'vitest';
import { wholeUse } from '#accounts/approvals/machine.ts';
import { FOR_TOKEN } from '#policy/request.ts';
import { approvedContent, type Content } from '../../../src/api/proxy/approved-content.ts';

const caller = (approval: object | undefined) =>
  ({ policy: { rules: [{ connection: '*', approval }] } }) as unknown as Parameters<
    typeof approvedContent
  >[0];
const bytes = (text: string) => new TextEncoder().encode(text);
const body = (text: string | null) => ({ bytes: text === null ? null : bytes(text) }) as Content['body'];
const CALL: Content = {
  query: '?a=1',
  baseUrl: null,
  headers: new Headers({ 'content-type': 'text/plain', 'user-agent': 'one' }),
  body: body('pay 5'),
};
const digest = (changes: Partial<Content>) =>
  approvedContent(caller({ ttl_s: 60 }), { ...CALL, ...changes }).digest;
const headers = (more: Record<string, string>) => new Headers({ 'content-type': 'text/plain', ...more });

it('the same call has the same digest, whoever names itself as its program', () => {
  expect(digest({ headers: headers({ 'user-agent': 'two', traceparent: '00-1' }) })).toBe(digest({}));
});

it.each<[string, Partial<Content>]>([
  ['query', { query: '?a=2' }],
  ['body', { body: body('pay 6') }],
  ['base URL', { baseUrl: 'https://files.example.com' }],
  ['kind of the body', { headers: headers({ 'content-type': 'application/json' }) }],
  ['condition', { headers: headers({ 'if-match': '"7"' }) }],
  ['range', { headers: headers({ range: 'bytes=0-1' }) }],
  ['preference', { headers: headers({ prefer: 'return=minimal' }) }],
])('another %s is another call', (_what, changes) => {
  expect(digest(changes)).not.toBe(digest({}));
});

describe('a header that this API takes beside the common ones', () => {
  const LISTED = ['stripe-account', 'stripe-version'];
  const whole = (more: Record<string, string>, listed = LISTED) => {
    const content = approvedContent(caller({ ttl_s: 60 }), { ...CALL, headers: headers(more) });
    const use = { ...FOR_TOKEN, action: 'proxy' as const, ...content };
    return wholeUse(use, listed).digest;
  };

  it('makes another call of it, by its value', () => {
    const without = whole({});
    const one = whole({ 'Stripe-Account': 'acct_1' });
    expect(one).not.toBe(without);
    expect(whole({ 'stripe-account': 'acct_1' })).toBe(one);
    expect(whole({ 'stripe-account': 'acct_2' })).not.toBe(one);
    expect(whole({ 'stripe-version': 'acct_1' })).not.toBe(one);
  });

  it('is the only one: others of the caller stay, and change nothing', () => {
    expect(whole({ 'x-stripe-client-telemetry': '{"last":12}' })).toBe(whole({}));
    expect(whole({ 'stripe-account': 'acct_1' }, [])).toBe(whole({}, []));
  });

  it('is not told in plain, and no credential of the caller’s is told at all', () => {
    const { otherHeaders } = approvedContent(caller({ ttl_s: 60 }), {
      ...CALL,
      headers: headers({ 'developer-token': 'my-developer-token', authorization: 'Bearer mine', dpop: 'x' }),
    });
    expect(otherHeaders?.map(([name]) => name)).toEqual(['developer-token']);
    expect(JSON.stringify(otherHeaders)).not.toContain('my-developer-token');
  });
});

it('a body that is not kept is told as such, and nothing is made for an agent that nobody is asked about', () => {
  const unkept = approvedContent(caller({ ttl_s: 60 }), { ...CALL, body: body(null) });
  expect(unkept).toEqual({ digest: null, preview: null, isUnkept: true });
  expect(approvedContent(caller(undefined), CALL)).toEqual({ digest: null, preview: null });
});

it('what is shown is all that leaves, or nothing', () => {
  const preview = (changes: Partial<Content>) =>
    approvedContent(caller({ ttl_s: 60 }), { ...CALL, ...changes }).preview;
  expect(preview({})).toBe('?a=1\npay 5');
  expect(preview({ body: body('x'.repeat(5_000)) })).toBeNull();
  expect(preview({ baseUrl: 'https://files.example.com' })).toBe('https://files.example.com\n?a=1\npay 5');
});

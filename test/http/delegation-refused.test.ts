/** Requests for smaller tokens that are none: bent details, labels and subjects. */

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import {
  ACCESS_TOKEN,
  EXCHANGE,
  agent,
  broker,
  byKey,
  connection,
  detail,
  detailsOf,
  everybody,
  exchanged,
  form,
  handedOn,
  startScene,
  stopScene,
} from './delegation-scene.ts';

beforeAll(startScene);
afterAll(stopScene);

describe('what is no narrowing', () => {
  let token: string;
  beforeAll(async () => {
    token = await byKey(await agent([everybody(connection)]));
  });

  const rule = (more: object) => [detail({ connection: 'hubspot', ...more })];
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const BAD: Record<string, string> = {
    'no JSON': '{',
    'no list': JSON.stringify(detail({ connection: 'hubspot' })),
    'an empty list': '[]',
    'a rate': JSON.stringify(rule({ rate: { limit: 1, per: 'day' } })),
    'an unknown field': JSON.stringify(rule({ tomorrow: true })),
    'a field of RFC 9396 that says nothing here': JSON.stringify(rule({ locations: ['https://a.example'] })),
    'another type': JSON.stringify([{ type: 'payment', connection: 'hubspot' }]),
    'no type': JSON.stringify([{ connection: 'hubspot' }]),
    'no connection': JSON.stringify([{ type: 'valetkey_rule' }]),
    'no list of scopes': JSON.stringify(rule({ scopes: 'contacts.read' })),
    'hours without a zone': JSON.stringify(rule({ hours: { from: '09:00', to: '10:00' } })),
    'a prototype': `[{"type":"valetkey_rule","connection":"hubspot","__proto__":{"scopes":[]}}]`,
    'seventeen rules': JSON.stringify(Array.from({ length: 17 }, () => detail({ connection: '*' }))),
    'five KiB': JSON.stringify(rule({ identifiers: Array.from({ length: 20 }, () => 'x'.repeat(250)) })),
    'a deep nest': nested(2_000),
    'a deep nest in a rule': `[{"type":"valetkey_rule","connection":"hubspot","scopes":${nested(1_900)}}]`,
    'a wide nest': `[${'{},'.repeat(1_000)}{}]`,
  };

  it.each(Object.keys(BAD))('is refused at an exchange: %s', async (what) => {
    const reply = await exchanged(token, { authorization_details: BAD[what] ?? '' });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ error: 'invalid_authorization_details', code: 'invalid_request' });
    expect(reply.text).not.toMatch(/zod|stack|at Object/i);
  });

  it('is refused with a key as well', async () => {
    const mine = await agent([everybody(connection)]);
    const fields = { grant_type: 'client_credentials', client_id: mine.id, client_secret: mine.key };
    for (const text of Object.values(BAD)) {
      const reply = await form('/oauth/token', { ...fields, authorization_details: text });
      expect(reply.body).toMatchObject({ error: 'invalid_authorization_details' });
    }
    expect((await form('/oauth/token', { ...fields, actor_label: 'a' })).body.error).toBe('invalid_request');
  });

  it.each(['\u0007bell', 'two\nlines', '\u202Eevil', '\u2028', ' ', 'x'.repeat(65), '\u{E0041}'])(
    'is refused as a label: %j',
    async (label) => {
      const reply = await exchanged(token, { actor_label: label });
      expect(reply.body).toMatchObject({ error: 'invalid_request' });
    },
  );

  it('takes sixteen rules and a label of sixty-four characters, in any script', async () => {
    const rules = Array.from({ length: 16 }, () => everybody(connection));
    for (const label of ['x'.repeat(64), 'Recherche-Ä 研究者 🔎'])
      expect(decodeJwt(await handedOn(token, label, rules))['act']).toEqual({ sub: label });
  });

  it('carries no more than four KiB, with what its tokens carry', async () => {
    const half = [{ connection, identifiers: Array.from({ length: 10 }, () => 'x'.repeat(220)) }];
    const first = await handedOn(token, 'a', half);
    const reply = await exchanged(first, { actor_label: 'b', ...detailsOf(half) });
    expect(reply.body).toMatchObject({ error: 'invalid_authorization_details' });
    await handedOn(first, 'b');
  });

  it('gives each parameter once, and proves its subject by the token alone', async () => {
    const fields = { grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN };
    const twice = (more: string) => form('/oauth/token', `${new URLSearchParams(fields).toString()}&${more}`);
    const ours = encodeURIComponent(JSON.stringify(rule({})));
    const doubled = [
      `authorization_details=${ours}&authorization_details=${ours}`,
      'actor_label=a&actor_label=b',
      `subject_token=${token}`,
    ];
    for (const more of doubled) expect((await twice(more)).body.error).toBe('invalid_request');
    const wrong: Record<string, string>[] = [
      { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
      { subject_token: `${token.slice(0, -4)}AAAA` },
      { subject_token: 'no.token.atall' },
      { actor_token: token, actor_token_type: ACCESS_TOKEN },
      { actor_token_type: ACCESS_TOKEN },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    ];
    for (const more of wrong) {
      const reply = await exchanged(token, more);
      expect(reply.status, JSON.stringify(more)).toBe(400);
      expect(reply.body.error).toBe('invalid_request');
    }
  });

  it('is for its agent, where a client stands beside the token, and for no other', async () => {
    const [mine, yours] = [await agent([everybody(connection)]), await agent([everybody(connection)])];
    const subject = await byKey(mine);
    const as = ({ id, key }: { id: string; key: string }) => ({ client_id: id, client_secret: key });
    expect((await exchanged(subject, as(mine))).status).toBe(200);
    expect(await exchanged(subject, as(yours))).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
    expect(await exchanged(subject, { ...as(mine), client_secret: `${mine.key}x` })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await exchanged(subject, {}, { authorization: `Bearer ${subject}` })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });

  it('is called what was asked for: an access token is a JWT', async () => {
    const type = 'urn:ietf:params:oauth:token-type:jwt';
    expect((await exchanged(token, { requested_token_type: type })).body.issued_token_type).toBe(type);
    const plain = await exchanged(token, { requested_token_type: ACCESS_TOKEN });
    expect(plain.body.issued_token_type).toBe(ACCESS_TOKEN);
  });

  it('is what the metadata names', async () => {
    const metadata = await call('GET', `${broker.url}/.well-known/oauth-authorization-server/oauth`);
    expect(metadata.body.authorization_details_types_supported).toEqual(['valetkey_rule']);
  });
});

/**
 * Every way in that takes a signed token, under every attack on signed tokens: a table of ways by a table of attacks,
 * with no cell left out. Each way brings a token that is right, by its own key, and says what it would be misdirected;
 * the right one passes before and after, so that what is refused is refused for what is bent about it.
 */

import { createHmac } from 'node:crypto';
import { exportSPKI } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  asOperator,
  ask,
  encoded,
  forget,
  ISSUER,
  isolate,
  newAgent,
  p384,
  rsa,
  startWays,
  stranger,
  WAYS,
  type Way,
} from './signed-ways.ts';

const TYPES = [undefined, 'JWT', 'at+jwt', 'dpop+jwt', 'logout+jwt', 'client-authentication+jwt'];
const parts = async (way: Way) => (await way.make()).split('.') as [string, string, string];
const headOf = (head: string) => JSON.parse(Buffer.from(head, 'base64url').toString()) as object;

async function hs256(way: Way, secret: string): Promise<string> {
  const [head, body] = await parts(way);
  const text = `${encoded({ ...headOf(head), alg: 'HS256' })}.${body}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** A stranger's signature; where the way names its key by `jwk`, that stays the right one. */
const byStranger = (way: Way, header: object = {}) => way.make({}, header, stranger);

const ATTACKS: Readonly<Record<string, (way: Way) => Promise<string | readonly string[]>>> = {
  'no algorithm': async (way) => {
    const [head, body, signature] = await parts(way);
    const none = encoded({ ...headOf(head), alg: 'none' });
    return [`${none}.${body}.`, `${none}.${body}.${signature}`, `${none}.${body}`];
  },
  'HS256 under the public key': async (way) => [
    await hs256(way, JSON.stringify(way.key.jwk)),
    await hs256(way, await exportSPKI(way.key.publicKey)),
    await hs256(way, String(way.key.jwk.x)),
  ],
  'another curve': (way) => way.make({}, {}, p384),
  'an RSA key': (way) => way.make({}, {}, rsa),
  'another algorithm in the head than signed it': async (way) => {
    const [head, body, signature] = await parts(way);
    return ['ES384', 'RS256', 'PS256', 'EdDSA'].map(
      (alg) => `${encoded({ ...headOf(head), alg })}.${body}.${signature}`,
    );
  },
  'a stranger’s key': (way) => byStranger(way),
  'a foreign kid': (way) => byStranger(way, { kid: 'stranger' }),
  'no kid': (way) => byStranger(way, { kid: undefined }),
  'a stranger’s jwk': async (way) => [
    await byStranger(way, way.ownKey ? { jwk: stranger.jwk } : { jwk: stranger.jwk, kid: undefined }),
    await byStranger(way, { jwk: stranger.jwk, kid: 'stranger' }),
  ],
  'a stranger’s jku': (way) => byStranger(way, { jku: `${ISSUER}/stranger`, kid: 'stranger' }),
  'a stranger’s x5u': (way) => byStranger(way, { x5u: `${ISSUER}/stranger` }),
  'a stranger’s x5c': (way) => byStranger(way, { x5c: ['AAAA'] }),
  'a header that must be understood': async (way) => {
    const [head, body, signature] = await parts(way);
    const heads = [{ crit: ['exp'], exp: 1 }, { crit: ['b64'], b64: false }, { crit: [] }, { b64: false }];
    return heads.map((more) => `${encoded({ ...headOf(head), ...more })}.${body}.${signature}`);
  },
  'another kind of token': async (way) =>
    Promise.all(TYPES.filter((typ) => !way.types.includes(typ)).map((typ) => way.make({}, { typ }))),
  'another audience': (way) => way.make(way.misdirected.audience),
  'another issuer': (way) => way.make(way.misdirected.issuer),
  'a time that is over': (way) => way.make(way.times.over()),
  'a time that is ahead': (way) => way.make(way.times.ahead()),
  'no time': (way) => way.make(way.times.unbounded()),
  'claims that were changed': async (way) => {
    const [head, body, signature] = await parts(way);
    return `${head}.${encoded({ ...headOf(body), more: 1 })}.${signature}`;
  },
  'the signature of another': async (way) => {
    const [head, body] = await parts(way);
    const [, , signature] = (await way.make({ more: 1 })).split('.');
    return `${head}.${body}.${signature}`;
  },
  'a signature that was cut, or emptied': async (way) => {
    const [head, body, signature] = await parts(way);
    const zeros = Buffer.alloc(64).toString('base64url');
    return ['', zeros, signature.slice(0, -4), signature + signature].map((one) => `${head}.${body}.${one}`);
  },
  'four parts': async (way) => `${(await parts(way)).join('.')}.x`,
};

beforeAll(startWays);
afterAll(() => {
  vi.unstubAllGlobals();
});

describe.each(Object.keys(WAYS))('%s', (name) => {
  let way: Way;
  beforeAll(async () => {
    forget();
    way = await WAYS[name]!();
  });

  it.each(Object.keys(ATTACKS))('with %s proves nobody', async (attack) => {
    expect(await way.takes(await way.make())).toBe(true);
    const sent = await ATTACKS[attack]!(way);
    for (const [index, token] of (typeof sent === 'string' ? [sent] : sent).entries())
      expect(await way.takes(token), `${attack} ${index}`).toBe(false);
    expect(await way.takes(await way.make())).toBe(true);
  });

  it('within the skew of clocks is taken', async () => {
    expect(await way.takes(await way.make(way.times.inSkewOver()))).toBe(true);
    expect(await way.takes(await way.make(way.times.inSkewAhead()))).toBe(true);
  });

  it('comes again, at once and in another isolate, as often as its kind may', async () => {
    const token = await way.make();
    expect(await way.takes(token)).toBe(true);
    expect(await way.takes(token)).toBe(!way.isOnce);
    expect(await way.takes(token, isolate())).toBe(!way.isOnce);
  });

  it('of an agent that was deleted is not of the next agent of that name', async () => {
    // A person is no agent: what ends the person's access is Access.
    const isPersons = name.includes('Access');
    const token = await way.make();
    const gone = await ask(`/v1/agents/${way.id}`, { method: 'DELETE', headers: asOperator });
    expect(gone.status, JSON.stringify(gone.body)).toBe(204);
    expect(await way.takes(token, isolate())).toBe(isPersons);
    await newAgent({}, way.id);
    expect(await way.takes(await way.make(), isolate())).toBe(isPersons);
  });
});

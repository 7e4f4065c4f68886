/** Whose grant it is: whatever a browser puts into the callback's query, at every provider, it names nobody. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askIdentity } from '#egress/identity/identity.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { custom } from '../providers/descriptors.ts';
import { SAMPLES } from '../providers/variable-samples.ts';

const GUARD = { allowLoopback: true, ownHost: null };
const OAUTH = allDescriptors().filter(({ auth_type: type }) => type === 'oauth2');
const USERINFO = 'https://id.example/me';

/** As an operator may write them: a subject from the callback, alone, with others, and before others. */
const CUSTOM: readonly Descriptor[] = [
  ['callback.realmId', {}],
  ['callback.realmId | token_response.id', {}],
  ['callback.realmId + token_response.id | userinfo.id', {}],
  ['userinfo.id', { token_header: 'Authorization: Bearer {access_token}; X-Realm: {realmId}' }],
  ['id_token.sub | callback.code', {}],
].map(([source, more]) =>
  custom({
    userinfo_url: USERINFO,
    capture_from_callback: ['realmId', 'shop', 'installationId'],
    subject_source: source,
    subject_label_source: source,
    ...(more as object),
  }),
);

/** A body in which every path of the descriptor's expressions leads to `value`. */
function bodyOf(descriptor: Descriptor, root: string, value: string): unknown {
  const paths = [descriptor.subject_source, descriptor.subject_label_source]
    .flatMap((source) => (source ?? '').split(/ [|+] /))
    .filter((path) => path.startsWith(root))
    .map((path) => path.slice(root.length).replace(/^\./, ''));
  let body: unknown = undefined;
  for (const path of paths) {
    const keys = [...path.matchAll(/[^.[\]]+/g)].map(([key]) => key);
    const made = keys.reduceRight<unknown>(
      (inner, key) => (/^\d+$/.test(key) ? [inner] : { [key]: inner }),
      value,
    );
    body = body === undefined ? made : merged(body, made);
  }
  return body ?? {};
}

function merged(one: unknown, other: unknown): unknown {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return other;
  if (Array.isArray(one) && Array.isArray(other)) return [merged(one[0], other[0])];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  const both = [one as Record<string, unknown>, other as Record<string, unknown>] as const;
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in both[0] && key in both[1] ? merged(both[0][key], both[1][key]) : (both[0][key] ?? both[1][key]),
    ]),
  );
}

describe('a value of the callback', () => {
  let of: Descriptor;
  // A provider that answers about whatever it was asked for: its subject is the request itself.
  beforeAll(() => {
    vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      const asked = `${request.url} ${[...request.headers].map(([name, text]) => `${name}=${text}`).join(' ')}`;
      return Response.json(bodyOf(of, 'userinfo', asked.slice(0, 500)));
    });
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  async function subjectWith(
    descriptor: Descriptor,
    callback: Record<string, string>,
  ): Promise<string | null> {
    of = descriptor;
    const answered = { instance_url: 'https://acme.my.salesforce.com' };
    const told = await askIdentity({
      descriptor,
      clientId: 'client-12345',
      accessToken: 'token',
      tokenResponse: bodyOf(descriptor, 'token_response', 'from-the-token-answer'),
      callback,
      given: {},
      captured: { ...callback, ...answered },
      answered,
      nonce: null,
      nowMs: 0,
      guard: GUARD,
    });
    return told.ok ? told.identity.subject : null;
  }

  it.each([...OAUTH, ...CUSTOM].map((descriptor, n) => [`${descriptor.id} ${n}`, descriptor] as const))(
    'names nobody at %s, and changes nothing about who is named',
    async (_name, descriptor) => {
      const names = [...descriptor.capture_from_callback, ...Object.keys(descriptor.url_template_vars)];
      const plain = await subjectWith(descriptor, {});
      const values = fc.dictionary(
        fc.constantFrom('code', 'id', ...names),
        fc.constantFrom('victim', '1234567890', '9876543210'),
      );
      const fitting = Object.fromEntries(names.map((name) => [name, SAMPLES[name] ?? 'victim']));
      await fc.assert(
        fc.asyncProperty(values, async (brought) => {
          for (const callback of [brought, { ...fitting, ...brought }, fitting]) {
            const subject = await subjectWith(descriptor, callback);
            expect(subject === null || subject === plain, `${subject} and not ${plain}`).toBe(true);
          }
        }),
        { numRuns: 10 },
      );
    },
  );

  it('stands in no expression of the catalogue that says who somebody is', () => {
    for (const { id, subject_source, subject_label_source, email_verified_source } of allDescriptors())
      for (const source of [subject_source, subject_label_source, email_verified_source])
        expect(source ?? '', id).not.toContain('callback');
  });
});

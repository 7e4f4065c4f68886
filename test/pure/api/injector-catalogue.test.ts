/** Every entry of the catalogue, from the account's door to the request that leaves, held against the entry's own data. */

import { describe, expect, it } from 'vitest';
import { arrived } from '#accounts/door/answer.ts';
import { injectionFor, releasedInjection, urlsFrom, wrapped } from '#accounts/door/credential.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '#accounts/rows.ts';
import { injectorOf, type Injector } from '#egress/injector/injector.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { credentialFieldsOf, type Descriptor } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import { samplesOf } from '../providers/variable-samples.ts';

type Texts = Record<string, string>;
const ENDS_MS = Date.UTC(2027, 0, 1);

/** A value that is found again, in a form that every header takes. */
const valueOf = (id: string, name: string) => `${name}.of.${id}.0123456789`;

/** As it would be imported, or come with a token. */
function fieldsOf(entry: Descriptor): Texts {
  const names = credentialFieldsOf(entry).map(({ name }) => name);
  if (names.length === 0) return { access_token: valueOf(entry.id, 'access_token') };
  const empty = entry.auth_type === 'basic' ? { username: '', password: '' } : {};
  return { ...empty, ...Object.fromEntries(names.map((name) => [name, valueOf(entry.id, name)])) };
}

/** The `{names}` of the headers that are neither the credential's nor a variable's: what a provider's answer told. */
function toldOf(entry: Descriptor, fields: Texts): Texts {
  const names = [...(entry.token_header ?? '').matchAll(/\{([\w.]+)\}/g)].map(([, name = '']) => name);
  const known = new Set([...Object.keys(fields), ...Object.keys(entry.url_template_vars)]);
  return Object.fromEntries(
    names.filter((name) => !known.has(name)).map((name) => [name, `told.${name}.0123456789`]),
  );
}

/** The headers by the entry's template, read without the code under test. */
function headersBy(template: string, values: Texts): Texts {
  const fill = (text: string) => text.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => values[name] ?? '?');
  const headers = template.split(/; (?=[\w-]+: )/).map((part): [string, string] => {
    const colon = part.indexOf(': ');
    const [, before = '', inner, after = ''] = /^(.*)base64\((.*)\)(.*)$/.exec(part.slice(colon + 2)) ?? [];
    const value =
      inner === undefined
        ? fill(part.slice(colon + 2))
        : `${before}${Buffer.from(fill(inner)).toString('base64')}${after}`;
    return [part.slice(0, colon), value];
  });
  return Object.fromEntries(headers);
}

const filled = (url: string, values: Texts) =>
  url.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '?');

interface Played {
  readonly injector: Injector;
  readonly headers: Texts;
  readonly urls: readonly string[];
  /** Of the credential's fields, those that open something. */
  readonly secrets: readonly string[];
}

function play(entry: Descriptor): Played {
  const samples = samplesOf(entry);
  const fields = fieldsOf(entry);
  const told = toldOf(entry, fields);
  const ofConnection = Object.entries(samples).filter(
    ([name]) => entry.url_template_vars[name]?.stage !== 'account',
  );
  const applied = applyVariables(entry, Object.fromEntries(ofConnection), 'client-12345');
  if (!applied.ok) throw new Error(JSON.stringify(applied.errors));
  const authType = ['api_key', 'basic', 'custom'].includes(entry.auth_type) ? entry.auth_type : 'oauth2';
  const settings = {
    provider: entry.id,
    authType,
    descriptor: applied.descriptor,
  } as unknown as ConnectionSettings;
  const account = {
    accountId: 'ca_g1',
    connection: entry.id,
    identifier: 'user_1',
    variables: {},
  } as unknown as AccountRow;
  const captured = { ...samples, ...told };
  const released = releasedInjection(account, settings, { accessExpiresAtMs: ENDS_MS } as GrantRow, {
    generation: 1,
    fields: wrapped(fields),
    fingerprint: 'print',
    injection: injectionFor(settings, fields, captured),
    unfilled: [],
    urls: urlsFrom(captured),
  });
  if (released === null) throw new Error('nothing says how this API takes the credential');
  // As it crosses: plain data, of which one text alone is secret.
  const { secret, ...facts } = structuredClone(released);
  for (const value of Object.values(fields).filter((text) => text !== ''))
    expect(JSON.stringify(facts)).not.toContain(value);
  const came = arrived({ ok: true, injection: released, began: 1 });
  if (!('injection' in came)) throw new Error('another answer came');
  expect(JSON.stringify(came)).not.toContain(secret);
  const open = new Set(entry.public_fields);
  const template = entry.token_header ?? '';
  if (template.includes('{password}') && fields['password'] !== '') open.add('username');
  return {
    injector: injectorOf(came.injection),
    headers: headersBy(template, { ...samples, ...told, ...fields }),
    urls: entry.api_base_urls.map((url) => filled(url, samples)),
    secrets: Object.entries(fields).flatMap(([name, text]) => (open.has(name) || text === '' ? [] : [text])),
  };
}

/** A call that is signed: test/http/oauth1-flow.test.ts. */
const ENTRIES = allDescriptors().filter(({ signer }) => signer === undefined);

describe.each(ENTRIES.map((entry) => [entry.id, entry] as const))('a call to %s', (_, entry) => {
  const { injector, headers, urls, secrets } = play(entry);
  const own = {
    accept: 'application/json',
    authorization: 'Bearer of-the-agent',
    'x-request': 'of-the-agent',
  };

  it('carries the credential exactly as the entry says, and nowhere else', () => {
    expect(secrets.length).toBeGreaterThan(0);
    for (const base of urls) {
      const request = { url: `${base}/things/1?page=2`, method: 'GET', headers: own };
      const sent = injector.apply(request);
      const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
      const others = Object.entries(own).filter(([name]) => !names.has(name));
      expect(sent).toEqual({ ...request, headers: { ...Object.fromEntries(others), ...headers } });
      // The platform takes it as it is.
      const asSent = new Headers(sent.headers);
      for (const [name, value] of Object.entries(headers)) expect(asSent.get(name)).toBe(value);
      expect(JSON.stringify(headers)).not.toContain('?');
    }
  });

  it('goes to the origins of its addresses and to no other', () => {
    const origins = [...new Set(urls.map((url) => new URL(url).origin))];
    expect(origins.length).toBeGreaterThan(0);
    expect(injector.origins).toEqual(origins);
    for (const origin of origins) {
      const { host } = new URL(origin);
      for (const url of [`http://${host}/`, `https://${host}.evil.test/`, `https://evil.test/${host}`])
        expect(() => injector.apply({ url, headers: {} })).toThrow(/does not belong/);
    }
    expect(injector).toMatchObject({ expiresAtMs: ENDS_MS, fingerprint: 'print' });
  });

  it('is known again by what opens something, and by nothing else of it', () => {
    const holds = (text: string) => injector.echo(new TextEncoder().encode(text));
    for (const secret of secrets) expect(holds(`{"seen":"${secret}"}`)).toBe(true);
    for (const value of Object.values(headers).filter((one) =>
      secrets.some((secret) => one.includes(secret)),
    ))
      expect(holds(value)).toBe(true);
    const shown = Object.values(fieldsOf(entry)).filter((text) => !secrets.includes(text));
    expect(holds(JSON.stringify({ shown, urls, connection: entry.id }))).toBe(false);
  });
});

it('the catalogue takes credentials in several ways, and each is tried', () => {
  const templates = ENTRIES.map(({ token_header: template }) => template ?? '');
  expect(ENTRIES.length).toBeGreaterThanOrEqual(199);
  for (const way of [/^Authorization: Bearer /, /base64\(/, /; /, /^x-api-key: /i])
    expect(templates.filter((template) => way.test(template)).length).toBeGreaterThan(0);
});

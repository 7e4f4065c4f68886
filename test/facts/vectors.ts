/**
 * Facts → vectors: what a provider's token endpoint and API answer, and what that is to mean. What is expected comes
 * from the facts' own recommendations, never from the code under test. `documented` is what the facts quote and do not
 * mark as unverified; `generic` what the RFCs or common practice say.
 */

import type { Descriptor } from '#providers/descriptor.ts';
import { entryOf } from './descriptors.ts';
import type { Facts } from './facts.ts';

/** The heading under which every descriptor has at least one case, where such an answer can exist. */
export type Category = 'success' | 'death' | 'client' | 'throttle' | 'transient';

export interface VectorCase {
  name: string;
  category: Category;
  source: 'documented' | 'generic';
  /** The row or field of the entry that says it. */
  fact?: string;
  /** An answer of the provider's API, not of its token endpoint. */
  api?: true;
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string;
  expect: Record<string, unknown>;
}

export interface Vectors {
  sources: readonly string[];
  cases: VectorCase[];
}

type Row = Descriptor['terminal_refresh_errors'][number];

export function vectorsOf(facts: Facts, entry: Descriptor): Vectors {
  const hasEndpoint = entry.token_url !== null;
  const cases = hasEndpoint
    ? [...successesOf(facts, entry), ...errorsOf(entry), ...generalErrorsOf(entry), ...apiOf(facts, entry)]
    : apiOf(facts, entry);
  return { sources: entryOf(facts).source ?? [], cases };
}

function successesOf(facts: Facts, entry: Descriptor): VectorCase[] {
  const official =
    facts.source.some((one) => one.startsWith('https:')) &&
    /official/.test(facts.evidence) &&
    facts.confidence === 'high';
  const map = entry.token_response_map ?? PLAIN_MAP;
  const alternatives = (map.access_token ?? '').split(' | ').length;
  const made = Array.from({ length: alternatives }, (_, place) => successOf(facts, entry, place));
  return made.map(({ json, tokens }, place) => ({
    name: place === 0 ? 'a token' : 'a token in its other place',
    category: 'success',
    source: official ? 'documented' : 'generic',
    fact: 'token_response_map',
    status: 200,
    json,
    expect: { outcome: 'refreshed', doubt: false, tokens },
  }));
}

const PLAIN_MAP = {
  access_token: 'access_token',
  refresh_token: 'refresh_token',
  expires_in: 'expires_in',
  scope: 'scope',
};

function successOf(facts: Facts, entry: Descriptor, place: number) {
  const map: Record<string, string | null | undefined> = entry.token_response_map ?? PLAIN_MAP;
  const json: Record<string, unknown> = {};
  const at = (field: string): string | undefined => map[field]?.split(' | ')[place] ?? undefined;
  const put = (field: string, value: unknown): boolean => {
    const where = at(field);
    if (where !== undefined) setAt(json, where, value);
    return where !== undefined;
  };
  const check = entry.token_response_success_check;
  if (check !== null && 'equals' in check) setAt(json, check.path, check.equals);
  put('access_token', 'at-2');
  if (facts.token_response_map !== null) json['token_type'] = 'Bearer';
  const rotates = entry.refresh_token === 'rotating' && put('refresh_token', 'rt-2');
  const lifeS = entry.access_token_ttl_s;
  const says = facts.expires_in_returned !== false && lifeS !== null && put('expires_in', lifeS);
  const scopes = entry.default_scopes_example.slice(0, 2);
  const named = scopes.length > 0 && put('scope', scopes.join(entry.scope_separator));
  const captured: Record<string, string> = {};
  for (const [n, path] of entry.capture_from_token_response.entries()) {
    if (valueAtPlain(json, path) !== undefined) continue;
    setAt(json, path, `c${n}`);
    captured[path] = `c${n}`;
  }
  const never = entry.access_token_never_expires;
  const lifetimeMs = says
    ? lifeS * 1000
    : never === true || never === 'when_no_expires_in'
      ? null
      : (lifeS ?? 3600) * 1000;
  const tokens = {
    accessToken: 'at-2',
    refreshToken: rotates ? 'rt-2' : null,
    lifetimeMs,
    ...(named ? { scopes: [...new Set(scopes)] } : {}),
    captured,
  };
  return { json, tokens };
}

const CATEGORY_OF: Readonly<Record<Row['recovery'], Category>> = {
  reauthorize_user: 'death',
  reread_latest_token_then_reauthorize_user: 'death',
  contact_tenant_admin: 'death',
  fix_client_credentials: 'client',
  fix_request: 'client',
  retry_with_backoff: 'transient',
};

/** One answer for each row of the entry's tables. */
function errorsOf(entry: Descriptor): VectorCase[] {
  return (['terminal_refresh_errors', 'transient_refresh_errors'] as const).flatMap((table) =>
    entry[table].flatMap((row, place): VectorCase[] => {
      if (row.exchange_only === true) return [];
      const fact = `${table}[${place}]`;
      const category = row.throttle === true ? 'throttle' : CATEGORY_OF[row.recovery];
      const expect = expectationOf(row, entry);
      const status = row.status === '5xx' ? 502 : (row.status ?? 400);
      return [
        {
          name: row.means ?? `${status} ${row.error ?? ''}`,
          category,
          source: isUnverifiedRow(entry, table, place) || !isSourced(entry) ? 'generic' : 'documented',
          fact,
          status,
          json: bodyOf(row, entry),
          expect: status >= 500 ? { outcome: 'transient', doubt: true } : status === 429 ? THROTTLED : expect,
        },
      ];
    }),
  );
}

/** Somebody wrote it down: general knowledge alone documents nothing. */
const isSourced = (entry: Descriptor): boolean => entry.source.some((one) => one !== 'general knowledge');

const THROTTLED = { outcome: 'throttled', doubt: false };

function expectationOf(row: Row, entry: Descriptor): Record<string, unknown> {
  if (row.throttle === true) return THROTTLED;
  switch (row.recovery) {
    case 'reauthorize_user':
    case 'reread_latest_token_then_reauthorize_user':
      return { outcome: 'grant_dead', doubt: false, reason: row.reason ?? 'grant_revoked' };
    case 'contact_tenant_admin':
      return { outcome: 'grant_dead', doubt: false, reason: row.reason ?? 'admin_policy' };
    case 'fix_client_credentials':
      return { outcome: 'client_rejected', doubt: false, kind: 'credentials' };
    case 'fix_request':
      return { outcome: 'client_rejected', doubt: false, kind: 'request' };
    case 'retry_with_backoff':
      // An error under 200 does not say whether the presented token was used up; one under 4xx does.
      return { outcome: 'transient', doubt: row.status === 200 && entry.errors_with_http_200 };
  }
}

/** The body that a row describes, as the provider would write it. */
function bodyOf(row: Row, entry: Descriptor): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const check = entry.token_response_success_check;
  if (check !== null && 'equals' in check && typeof check.equals === 'boolean')
    setAt(body, check.path, !check.equals);
  const code = row.error_codes?.[0];
  if (code !== undefined) body['error_codes'] = [code];
  if (row.error_subtype !== undefined) body['error_subtype'] = row.error_subtype;
  const text = code === undefined ? row.description_contains : `AADSTS${code}: ${row.description_contains}`;
  if (text !== null) setAt(body, textPlaceOf(row), text);
  if (row.error !== null) setAt(body, row.field ?? 'error', numeric(row.error, row.field));
  for (const { path, equals } of row.also ?? []) setAt(body, path, equals);
  if (Object.keys(body).length === 0) body['message'] = 'error';
  return body;
}

const numeric = (error: string, field: string | undefined): string | number =>
  /^\d+$/.test(error) && field !== undefined ? Number(error) : error;

function textPlaceOf(row: Row): string {
  if (row.field_alt !== undefined) return row.field_alt;
  if (row.field === 'message') return 'description';
  if (row.field === 'status') return 'message';
  if (row.field === 'error.code') return 'error.message';
  if (row.field?.startsWith('errors[]') === true) return 'errors[].message';
  return 'error_description';
}

function isUnverifiedRow(entry: Descriptor, table: string, place: number): boolean {
  return entry.unverified_fields.some((field) => {
    if (field === table) return true;
    const rows = /^(\w+)\[([\d.,]+)\]/.exec(field);
    return rows?.[1] === table && (rows[2] ?? '').split(',').includes(String(place));
  });
}

/** What RFC 6749 and 6585 say: for each heading that the facts leave empty, and a 429 for all. */
function generalErrorsOf(entry: Descriptor): VectorCase[] {
  const rows = entry.terminal_refresh_errors.filter((row) => row.exchange_only !== true);
  const has = (category: Category) => rows.some((row) => CATEGORY_OF[row.recovery] === category);
  const death: VectorCase = {
    name: 'a refresh token that is not valid any more',
    category: 'death',
    source: 'generic',
    status: 400,
    json: { error: 'invalid_grant' },
    expect: { outcome: 'grant_dead', doubt: false, reason: 'grant_revoked' },
  };
  const client: VectorCase = {
    name: 'a client that is not accepted',
    category: 'client',
    source: 'generic',
    status: 401,
    json: { error: 'invalid_client' },
    expect: { outcome: 'client_rejected', doubt: false, kind: 'credentials' },
  };
  const throttle: VectorCase = {
    name: 'too many requests',
    category: 'throttle',
    source: 'generic',
    status: 429,
    headers: { 'Retry-After': '30' },
    body: '',
    expect: { outcome: 'throttled', doubt: false, retryAfterMs: 30_000 },
  };
  return [...(has('death') ? [] : [death]), ...(has('client') ? [] : [client]), throttle];
}

const QUOTED = /^(?:HTTP )?(\d{3}) ([{[].*[}\]])(?:\s*\(array body\))?$/;

/** What the API answers to a token: its own words where the facts quote them whole, else the status alone. */
function apiOf(facts: Facts, entry: Descriptor): VectorCase[] {
  const verified = isSourced(entry) && !facts.unverified_fields.includes('api_expiry_signals');
  const quoted = facts.api_expiry_signals.flatMap((text): VectorCase[] => {
    const [, status = '', json = ''] = QUOTED.exec(text) ?? [];
    const parsed = parseOrNull(json);
    if (status !== '401' || parsed === null) return [];
    return [
      {
        name: 'a token that is not accepted, in the API’s own words',
        category: 'death',
        source: verified ? 'documented' : 'generic',
        fact: 'api_expiry_signals',
        api: true,
        status: 401,
        json: parsed,
        expect: { verdict: 'token_refused' },
      },
    ];
  });
  const listed = [
    ...entry.api_dead_token_signals_with_200.map((signal) => ({ status: 200, ...signal })),
    ...(entry.api_signals ?? []),
  ].map((signal): VectorCase => {
    const json = {};
    setAt(json, signal.field, signal.equals);
    const verdict = ['no_token', 'unrelated'].includes(signal.means)
      ? 'other'
      : signal.means === 'missing_scope'
        ? 'scope_missing'
        : 'token_refused';
    return {
      name: `${signal.status} ${signal.field} = ${String(signal.equals)}`,
      category: verdict === 'token_refused' ? 'death' : 'transient',
      source: verified ? 'documented' : 'generic',
      fact: signal.status === 200 ? 'api_dead_token_signals_with_200' : 'api_signals',
      api: true,
      status: signal.status,
      json: signal.field.startsWith('[') ? [setIn(signal)] : json,
      expect: verdict === 'token_refused' ? { verdict, means: signal.means } : { verdict },
    };
  });
  const plain = (name: string, category: Category, status: number, verdict: string): VectorCase => ({
    name,
    category,
    source: 'generic',
    api: true,
    status,
    ...(status === 429 ? { headers: { 'retry-after': '30' } } : {}),
    json: {},
    expect: { verdict },
  });
  return [
    plain('an answer of the API', 'success', 200, 'accepted'),
    ...quoted,
    ...listed,
    plain('a token that is not accepted', 'death', 401, 'token_refused'),
    plain('too many requests to the API', 'throttle', 429, 'throttled'),
  ];
}

function setIn(signal: { field: string; equals: unknown }): Record<string, unknown> {
  return { [signal.field.replace(/^\[\]\./, '')]: signal.equals };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Puts a value at a path such as `errors[].code`; an object that stands in its way is kept. */
function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  let place = target;
  for (const [n, step] of steps.entries()) {
    const key = step.replace(/\[\d*\]$/, '');
    const last = n === steps.length - 1;
    if (key === step) {
      if (last) place[key] = value;
      else place = place[key] = isRecord(place[key]) ? place[key] : {};
      continue;
    }
    const list: unknown[] = Array.isArray(place[key]) ? place[key] : [];
    place[key] = list;
    if (last) list[0] = value;
    else {
      const first = isRecord(list[0]) ? list[0] : {};
      list[0] = first;
      place = first;
    }
  }
}

function valueAtPlain(body: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => (isRecord(value) ? value[key] : undefined), body);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

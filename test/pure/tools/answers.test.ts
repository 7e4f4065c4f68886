/** What providers' answers mean, by the ways in which they are special. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswer, type Judgement } from '#tools/answers/judge.ts';
import { firstOf, valuesOf } from '#tools/answers/pointer.ts';
import { builtInTool } from '#tools/registry/registry.ts';

function answered(
  name: string,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Judgement {
  const tool = builtInTool(name);
  if (tool === null) throw new Error(`no tool ${name}`);
  const sent = { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers } };
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  return judgeAnswer({ ...tool, errors: tool.errors ?? {} }, { ...sent, body: bytes }, 1_000_000);
}

const told = (found: Judgement) => (found.isFine ? found : found.failure);

describe('an empty result', () => {
  it.each([
    ['hubspot_search_contacts', { total: 0, results: [] }],
    ['slack_list_channels', { ok: true, channels: [] }],
    ['github_list_issues', []],
    ['gmail_search_messages', { resultSizeEstimate: 0 }],
    ['sheets_read_values', { range: 'A1:B2', majorDimension: 'ROWS' }],
    ['linear_list_issues', { data: { issues: { nodes: [], pageInfo: { hasNextPage: false } } } }],
    ['salesforce_query', { totalSize: 0, done: true, records: [] }],
    ['stripe_list_charges', { object: 'list', data: [], has_more: false }],
  ])('of %s is a list without anything', (name, body) => {
    expect(told(answered(name, body))).toMatchObject({ isFine: true, data: [] });
  });

  it.each([
    ['gmail_search_messages', { resultSizeEstimate: 3 }],
    ['gmail_search_messages', { nextPageToken: 'x' }],
    ['sheets_read_values', { spreadsheetId: 'x' }],
    ['hubspot_search_contacts', { total: 0 }],
    ['github_search_issues', { total_count: 0, incomplete_results: true, items: [] }],
    ['drive_search_files', { files: [], incompleteSearch: true }],
    ['calendar_free_busy', { calendars: { a: { errors: [{ reason: 'notFound' }], busy: [] } } }],
    ['linear_list_issues', { data: { issues: { nodes: [] } }, errors: [{ message: 'a part failed' }] }],
    ['linear_list_issues', { data: null }],
  ])('of %s is none where the provider does not say so: %j', (name, body) => {
    expect(told(answered(name, body))).toMatchObject({ code: 'provider_error' });
  });
});

describe('a refusal', () => {
  it.each([
    [
      'slack_list_channels',
      { ok: false, error: 'missing_scope', needed: 'channels:read' },
      200,
      'missing_scope',
    ],
    ['slack_find_user_by_email', { ok: false, error: 'users_not_found' }, 200, 'users_not_found'],
    [
      'hubspot_get_contact',
      { status: 'error', message: 'no', category: 'MISSING_SCOPES' },
      403,
      'MISSING_SCOPES',
    ],
    [
      'hubspot_get_contact',
      { status: 'error', message: 'no', category: 'OBJECT_NOT_FOUND' },
      200,
      'OBJECT_NOT_FOUND',
    ],
    ['salesforce_get_record', [{ message: 'no', errorCode: 'NOT_FOUND' }], 404, 'NOT_FOUND'],
    ['linear_get_me', { errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }, 200, 'FORBIDDEN'],
    [
      'outlook_get_message',
      { error: { code: 'ErrorAccessDenied', message: 'no' } },
      403,
      'ErrorAccessDenied',
    ],
    [
      'stripe_get_customer',
      { error: { type: 'invalid_request_error', code: 'resource_missing' } },
      404,
      'resource_missing',
    ],
  ])('of %s is told with what the provider said: %j', (name, body, status, code) => {
    expect(told(answered(name, body, status))).toMatchObject({
      code: 'provider_error',
      upstream: { status, code },
    });
  });

  it('says of a 404 that it may hide a permission', () => {
    const found = told(answered('github_get_issue', { message: 'Not Found' }, 404)) as { detail: string };
    expect(found.detail).toMatch(/does not show it to this account: a missing permission looks the same/);
  });

  it.each([
    ['github_list_issues', 403, { 'retry-after': '7' }, { message: 'secondary rate limit' }, 7_000],
    [
      'github_list_issues',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1060' },
      { message: 'limit' },
      60_000,
    ],
    ['gmail_get_message', 403, {}, { error: { errors: [{ reason: 'rateLimitExceeded' }] } }, 30_000],
    [
      'linear_get_me',
      400,
      {},
      { errors: [{ message: 'slow down', extensions: { code: 'RATELIMITED' } }] },
      30_000,
    ],
    ['salesforce_query', 403, {}, [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'no' }], 30_000],
    ['hubspot_get_contact', 429, { 'retry-after': '2' }, { message: 'no' }, 2_000],
  ])('of %s for too many requests is rate_limited: %i', (name, status, headers, body, retryAfterMs) => {
    const found = answered(name, body, status, headers as Record<string, string>);
    expect(told(found)).toMatchObject({ code: 'rate_limited', retryAfterMs });
  });

  it('is no rate limit where the same status means something else', () => {
    expect(told(answered('github_get_issue', { message: 'Must have admin rights' }, 403))).toMatchObject({
      code: 'provider_error',
    });
  });

  it('tells at most a kibibyte of what the provider says, in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (message) => {
        const found = answered('hubspot_get_contact', { message }, 400);
        const text = found.isFine ? '' : (found.failure.upstream.message ?? '');
        expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(1024);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('a number beyond what JavaScript counts exactly', () => {
  it('keeps its digits', () => {
    const found = answered('hubspot_get_contact', '{"id":90071992547409931}');
    expect(told(found)).toMatchObject({ data: { id: '90071992547409931' } });
  });
});

describe('a success without a body', () => {
  it.each([
    ['jira_update_issue', 204],
    ['outlook_send_mail', 202],
    ['calendar_delete_event', 204],
  ])('is one for %s', (name, status) => {
    expect(told(answered(name, '', status, { 'content-type': '' }))).toMatchObject({
      isFine: true,
      data: null,
    });
  });

  it('is none for a tool that has to answer something', () => {
    expect(told(answered('jira_get_issue', '', 204))).toMatchObject({ code: 'provider_error' });
  });
});

describe('a path into an answer', () => {
  it('finds what it names and nothing that is inherited', () => {
    expect(valuesOf({ a: { b: [{ c: 1 }, { c: 2 }] } }, 'a.b[1].c')).toEqual([2]);
    expect(valuesOf({ data: [{ id: 'x' }, { id: 'y' }] }, 'data[-1].id')).toEqual(['y']);
    expect(valuesOf({ a: { x: { e: 1 }, y: {} } }, 'a.*.e')).toEqual([1]);
    expect(valuesOf({ '@odata.nextLink': 'u' }, '@odata.nextLink')).toEqual(['u']);
    expect(firstOf({ b: 2 }, 'a | b')).toBe(2);
    for (const name of ['__proto__', 'constructor', 'a.__proto__.b'])
      expect(valuesOf({ a: {} }, name)).toEqual([]);
  });

  it('throws for no body and no path', () => {
    const path = fc.stringMatching(/^[a-z.*[\]0-9-]{0,20}$/);
    fc.assert(fc.property(fc.jsonValue(), path, (body, at) => Array.isArray(valuesOf(body, at))));
  });
});

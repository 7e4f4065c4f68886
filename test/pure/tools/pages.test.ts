/** Pages, one way over all providers. */

import { describe, expect, it } from 'vitest';
import {
  nextPlace,
  parametersAt,
  placeFromCursor,
  placeToCursor,
  requestAt,
  sizeWithin,
} from '#tools/answers/pages.ts';
import { builtInTool, builtInTools } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';

const tool = (name: string): Tool => builtInTool(name) ?? expect.unreachable(name);
const below = (url: string): string | null => (url.startsWith('/') ? url : null);
const next = (
  name: string,
  root: unknown,
  items: readonly unknown[] = [{ id: 'a' }],
  link: string | null = null,
) => nextPlace(tool(name), root, items, link, below);
const param = (value: string | number) => ({ kind: 'param', value });
const url = (path: string, query = '') => ({ kind: 'url', path, query });

describe('the next page', () => {
  it.each([
    ['hubspot_search_contacts', { results: [], paging: { next: { after: '7' } } }, param('7')],
    ['slack_list_channels', { ok: true, response_metadata: { next_cursor: 'c' } }, param('c')],
    ['slack_list_channels', { ok: true, response_metadata: { next_cursor: '' } }, null],
    ['slack_search_messages', { messages: { paging: { page: 1, pages: 2 } } }, param(2)],
    ['slack_search_messages', { messages: { paging: { page: 2, pages: 2 } } }, null],
    ['notion_search', { has_more: true, next_cursor: 'n' }, param('n')],
    ['notion_search', { has_more: false, next_cursor: null }, null],
    ['notion_search', { has_more: true, next_cursor: null }, 'lost'],
    ['jira_list_projects', { startAt: 0, maxResults: 50, isLast: false }, param(50)],
    ['jira_list_projects', { startAt: 50, maxResults: 50, isLast: true }, null],
    [
      'linear_list_issues',
      { data: { issues: { pageInfo: { hasNextPage: true, endCursor: 'e' } } } },
      param('e'),
    ],
    ['linear_list_issues', { data: { issues: { pageInfo: { hasNextPage: false, endCursor: 'e' } } } }, null],
    [
      'salesforce_query',
      { done: false, nextRecordsUrl: '/services/data/v66.0/query/01g-2' },
      url('/services/data/v66.0/query/01g-2'),
    ],
    ['salesforce_query', { done: true }, null],
    [
      'outlook_search_messages',
      { '@odata.nextLink': '/me/messages?$skip=10' },
      url('/me/messages', '?$skip=10'),
    ],
    ['outlook_search_messages', { '@odata.nextLink': 'https://elsewhere.example/x' }, 'lost'],
    ['stripe_list_charges', { has_more: true }, 'lost'],
    ['stripe_list_charges', { has_more: true, data: [{ id: 'ch_1' }, { id: 'ch_2' }] }, param('ch_2')],
    ['stripe_list_charges', { has_more: false, data: [{ id: 'ch_1' }] }, null],
  ])('of %s after %j is %j', (name, root, expected) => {
    expect(next(name, root)).toEqual(expected);
  });

  it('of a list with the header Link is the one that it calls next', () => {
    const link = '</x?page=1>; rel="prev", </x?page=3>; rel="next", </x?page=9>; rel="last"';
    expect(next('github_list_issues', [], [], link)).toEqual(url('/x', '?page=3'));
    expect(next('github_list_issues', [], [], '</x?page=9>; rel="last"')).toBeNull();
    expect(next('github_list_issues', [], [], null)).toBeNull();
  });
});

describe('a request for a page', () => {
  const request = { method: 'GET', path: '/a/b', query: '?q=1', headers: {}, body: null };

  it('stays at the path of its tool, or one segment below it', () => {
    expect(requestAt(request, null)).toBe(request);
    expect(requestAt(request, { kind: 'url', path: '/a/b', query: '?page=2' })?.query).toBe('?page=2');
    expect(requestAt(request, { kind: 'url', path: '/a/b/01g-2', query: '' })?.path).toBe('/a/b/01g-2');
    for (const path of ['/a', '/a/c', '/a/bc', '/a/b/c/d', '/a/b/', '//x', '/admin'])
      expect(requestAt(request, { kind: 'url', path, query: '' })).toBeNull();
  });

  it('takes the cursor and the size where its provider has them, the size within its bounds', () => {
    const search = tool('hubspot_search_contacts');
    const size = sizeWithin({ minimum: 1, maximum: 200 }, 1_000);
    expect(parametersAt(search, { query: 'ada' }, { kind: 'param', value: '7' }, size)).toEqual({
      query: 'ada',
      after: '7',
      limit: 200,
    });
    expect(parametersAt(search, { limit: 5 }, null, 100)).toEqual({ limit: 5 });
  });
});

it('a place comes out of its cursor as it went in', () => {
  for (const [place, skip] of [
    [null, 3],
    [{ kind: 'param', value: 'x' }, 0],
    [{ kind: 'param', value: 50 }, 0],
    [{ kind: 'url', path: '/a', query: '?b=1' }, 2],
  ] as const)
    expect(placeFromCursor(placeToCursor(place, skip))).toEqual({ place, skip });
});

it('every tool with pages names a parameter for their size, but for those whose provider has none', () => {
  const without = [...builtInTools()].filter(
    ({ pagination }) => pagination !== undefined && pagination.size === undefined,
  );
  expect(without.map(({ name }) => name)).toEqual(['linear_list_teams', 'salesforce_query']);
});

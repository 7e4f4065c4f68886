/** What a client is answered in the place of a result, and how tools are found by words. */

import { describe, expect, it } from 'vitest';
import { CODES, DENY_REASONS, type Code } from '#contract/codes.ts';
import { detailOf, ProblemError, type ProblemDetails } from '#contract/problem.ts';
import { errorResult } from '#tools/mcp/results.ts';
import { found, searchOf } from '#tools/mcp/search.ts';

const URL_OF_REPAIR = 'https://broker.example.com/connect/rl_1';

describe('an error', () => {
  it.each(Object.keys(CODES) as Code[])('%s cannot be read as a result', (code) => {
    const result = errorResult(new ProblemError(code), 'an-id');
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toMatchObject({ code, correlation_id: 'an-id' });
    expect(result.structuredContent).not.toHaveProperty('data');
    expect(JSON.stringify(result.content)).toContain(code);
  });

  const FURTHER: [Code, ProblemDetails][] = [
    ...DENY_REASONS.map((reason): [Code, ProblemDetails] => ['policy_denied', { members: { reason } }]),
    ['invalid_parameters', { errors: [{ path: 'parameters.query', message: 'must be text' }] }],
  ];
  it.each([...Object.keys(CODES).map((code): [Code, ProblemDetails] => [code as Code, {}]), ...FURTHER])(
    '%s says over MCP what it says over HTTP: %j',
    (code, details) => {
      const { content, structuredContent } = errorResult(new ProblemError(code, details), 'an-id');
      expect(structuredContent).toMatchObject({ detail: detailOf(code, details) });
      expect(content[0]?.['text']).toContain(detailOf(code, details));
    },
  );

  it('that a person can repair begins with the link', () => {
    const members = { reauth_url: URL_OF_REPAIR, connected_account_id: 'ca_1', reason: 'grant_revoked' };
    const result = errorResult(new ProblemError('reauth_required', { members }), 'an-id');
    const [first] = result.content as { text: string }[];
    expect(first?.text.split('\n')[0]).toBe(URL_OF_REPAIR);
    expect(result.structuredContent).toMatchObject({
      code: 'reauth_required',
      url: URL_OF_REPAIR,
      connected_account_id: 'ca_1',
    });
  });

  it('has no link where an agent must not have one', () => {
    const members = { approval_id: 'apr_1' };
    expect(
      errorResult(new ProblemError('approval_required', { members }), 'an-id').structuredContent,
    ).toMatchObject({
      url: null,
      approval_id: 'apr_1',
    });
  });
});

describe('a search', () => {
  const tools = ['crm_contacts_list', 'crm_contacts_delete', 'notes__search', 'calendar__list_events'].map(
    (name) => ({
      name,
      description: `[x] ${name.split('_').at(-1)} things`,
      inputSchema: { type: 'object' as const },
    }),
  );
  const names = (query: string, limit = 10) => found(tools, { query, limit }).map(({ name }) => name);

  it('finds the best first, and nothing by words that no tool has', () => {
    expect(names('list contacts')[0]).toBe('crm_contacts_list');
    expect(names('delete')).toEqual(['crm_contacts_delete']);
    expect(names('contact')).toEqual(['crm_contacts_delete', 'crm_contacts_list']);
    expect(names('weather')).toEqual([]);
  });

  it('without words is the list, by name', () => {
    expect(names('', 2)).toEqual(['calendar__list_events', 'crm_contacts_delete']);
  });

  it('says which argument is wrong', () => {
    expect(searchOf({ query: 1 })).toMatchObject({ path: 'query' });
    expect(searchOf({ query: 'a', limit: 0 })).toMatchObject({ path: 'limit' });
    expect(searchOf({ query: 'a' })).toEqual({ query: 'a', limit: 10 });
  });
});

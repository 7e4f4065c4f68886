/**
 * A walk over pages answers each item once and in order, whatever the provider's pages are, how many are asked for, and
 * how often the walk is broken off and gone on with.
 */

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ToolContext } from '#tools/context.ts';
import { executeTool, type ToolCall, type ToolOutcome } from '#tools/execute.ts';
import type { Tool } from '#tools/tool.ts';

const BASE = 'https://api.example.com';
const tool = {
  name: 'list_things',
  provider: 'custom',
  connections: [],
  connection: 'things',
  title: 'Things',
  description: 'Lists things.',
  method: 'GET',
  path: '/things',
  parameters: {
    type: 'object',
    properties: { after: { type: 'string' }, limit: { type: 'integer', maximum: 5 } },
  },
  where: { after: 'query', limit: 'query' },
  scopes_any: [],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  pagination: { kind: 'cursor', param: 'after', from: 'next', size: 'limit' },
  result: 'items',
  result_type: 'array',
  sources: [],
  verified_against: 'here',
  confidence: 'high',
} as const satisfies Tool;

/** A provider with so many things, on pages that it cuts as it likes; `sized`: the caller says how long they are. */
function provider(count: number, pages: readonly number[], sized: boolean): (url: string) => Response {
  return (url) => {
    const query = new URL(url).searchParams;
    const [from = 0, page = 0] = (query.get('after') ?? '0.0').split('.').map(Number);
    const own = pages[page % pages.length] ?? 1;
    const size = sized ? Math.min(5, Number(query.get('limit') ?? 3)) : own;
    const items = Array.from({ length: Math.max(0, Math.min(size, count - from)) }, (_, n) => from + n);
    const next = from + items.length;
    return Response.json({ items, ...(next < count ? { next: `${next}.${page + 1}` } : {}) });
  };
}

function contextWith(one: Tool): ToolContext {
  const facts = {
    accountId: 'ca_1',
    connection: 'things',
    identifier: 'u1',
    provider: 'custom',
    apiBaseUrls: [BASE],
    requestHeaders: [],
    responseHeaders: [],
    signs: { api_signals: [], api_dead_token_signals_with_200: [] },
  };
  const scan = () => ({ push: (chunk: Uint8Array) => chunk, end: () => new Uint8Array(0) });
  const injector = {
    apply: <R>(request: R) => request,
    sign: <R>(request: R) => Promise.resolve(request),
    origins: [BASE],
    expiresAtMs: null,
    fingerprint: 'f',
    echo: () => false,
    scan,
    without: (url: string) => url,
  };
  const out = {
    injector,
    facts,
    guard: { allowLoopback: false, ownHost: null },
    ended: () => Promise.resolve(true),
    giveBack: () => Promise.resolve(),
  };
  return {
    agent: { id: 'a', organization: '', status: 'active', policy: { rules: [] } },
    nowMs: () => 0,
    signal: new AbortController().signal,
    toolCallId: null,
    newCallId: () => 'tc_1',
    gate: () => ({
      letOut: () => Promise.resolve(out as never),
      mayGoOn: () => Promise.resolve(true),
      waitUntil: () => undefined,
    }),
    reached: () => Promise.resolve([]),
    providerOf: () => Promise.resolve(null),
    customTools: () => Promise.resolve([one]),
    cursors: {
      seal: (_, place) => Promise.resolve(JSON.stringify(place)),
      open: (_, cursor) => Promise.resolve(JSON.parse(cursor)),
    },
    once: () => Promise.reject(new Error('not here')),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const ofCall = (call: Partial<ToolCall>): ToolCall => ({
  name: tool.name,
  arguments: {},
  account: { accountId: 'ca_1' },
  ...call,
});

/** Every call until there is no next page. */
async function walked(one: Tool, call: Partial<ToolCall>): Promise<readonly (readonly number[])[]> {
  const found: (readonly number[])[] = [];
  let cursor: string | null = null;
  do {
    const outcome: ToolOutcome = await executeTool(contextWith(one), ofCall({ ...call, cursor }));
    if (!outcome.ok) throw outcome.problem;
    found.push(outcome.body.data as number[]);
    cursor = outcome.body.next_page ?? null;
  } while (cursor !== null && found.length < 200);
  return found;
}

describe('a walk over pages', () => {
  const shape = fc.record({
    count: fc.integer({ min: 0, max: 40 }),
    pages: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    sized: fc.boolean(),
    hasSize: fc.boolean(),
    maxItems: fc.option(fc.integer({ min: 1, max: 12 })),
    pageSize: fc.option(fc.integer({ min: 1, max: 9 })),
  });

  it('answers each item once, in order, and never more than were asked for', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, pages, sized, hasSize, maxItems, pageSize }) => {
        const answer = provider(count, pages, sized);
        vi.stubGlobal('fetch', (url: string) => Promise.resolve(answer(url)));
        const { size: _size, ...unsized } = tool.pagination;
        const one = hasSize ? tool : { ...tool, pagination: unsized };
        const parts = await walked(one, { maxItems, pageSize });
        expect(parts.flat()).toEqual(Array.from({ length: count }, (_, n) => n));
        if (maxItems !== null) expect(parts.every((part) => part.length <= maxItems)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('is a failure where the provider sends the same page again and again', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ items: [1], next: '1.1' })));
    const outcome = await executeTool(contextWith(tool), ofCall({ maxItems: 100 }));
    expect(outcome.ok).toBe(false);
    if (!outcome.ok) expect(outcome.problem.code).toBe('provider_error');
  });
});

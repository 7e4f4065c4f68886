/** Names of tools of MCP servers: fit for every client, each one tool's, and not to be taken by a tool that looks alike. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposedNames, namedTool, plainName, prefixOf, type Named } from '#tools/mcp/names.ts';

const anyTool: fc.Arbitrary<Named> = fc.record({
  connection: fc.stringMatching(/^[a-z0-9._-]{1,64}$/),
  tool: fc.oneof(fc.string({ maxLength: 90 }), fc.constantFrom('a', 'a b', 'a_b', 'a.b', 'b__c', 'c', 'é')),
});
const anyTools = fc.uniqueArray(anyTool, {
  maxLength: 12,
  selector: ({ connection, tool }) => `${connection} ${tool}`,
});
const NONE = new Set<string>();

describe('a name', () => {
  it('has characters and a length that every client takes, begins with its connection, and is one tool’s', () => {
    fc.assert(
      fc.property(anyTools, (tools) => {
        const names = exposedNames(tools, NONE);
        for (const [name, { connection }] of names) {
          expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
          expect(name.startsWith(prefixOf(connection))).toBe(true);
        }
        expect(new Set(names.values()).size).toBe(names.size);
      }),
    );
  });

  it('is the same in any order', () => {
    fc.assert(
      fc.property(anyTools, (tools) => {
        const inOrder = exposedNames(tools, NONE);
        const turned = exposedNames(tools.toReversed(), NONE);
        expect(turned.size).toBe(inOrder.size);
        for (const [name, tool] of inOrder) expect(turned.get(name)).toBe(tool);
      }),
    );
  });

  it('leads to the tool that was listed under it', () => {
    fc.assert(
      fc.property(anyTools, (tools) => {
        for (const [name, tool] of exposedNames(tools, NONE)) expect(namedTool(tools, NONE, name)).toBe(tool);
        expect(namedTool(tools, NONE, 'nothing__at_all')).toBe(null);
      }),
    );
  });

  it('that needs no change is kept, whatever tools that are spelled nearly alike come beside it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a b', 'a.b', 'a/b', 'a‮b')), (others) => {
        const tools = [...new Set(others), 'a_b'].map((tool) => ({ connection: 'notes', tool }));
        expect(exposedNames(tools, NONE).get('notes__a_b')?.tool).toBe('a_b');
      }),
    );
  });

  it('of another tool is never taken', () => {
    const imitation = { connection: 'crm', tool: 'list' };
    const names = exposedNames([imitation], new Set(['crm__list']));
    expect([...names.keys()]).toEqual([expect.stringMatching(/^crm__list_[a-zA-Z0-9]{4}$/)]);
  });

  it('is neither of two tools’ of two servers that would have the same', () => {
    const tools = [
      { connection: 'a', tool: 'b__c' },
      { connection: 'a__b', tool: 'c' },
    ];
    const names = [...exposedNames(tools, NONE).keys()];
    expect(names).toHaveLength(2);
    expect(names).not.toContain('a__b__c');
  });

  it('that is too long is cut, with a piece of a digest', () => {
    const tool = 'x'.repeat(80);
    const [name = ''] = exposedNames([{ connection: 'notes', tool }], NONE).keys();
    expect(name).toMatch(/^notes__x+_[a-zA-Z0-9]{4}$/);
    expect(name).toHaveLength(64);
    expect(plainName({ connection: 'n.t', tool: 'a b' })).toBe('n_t__a_b');
  });
});

/** The built-in tools against themselves, the catalogue, and what a request of each looks like. */

import { describe, expect, it } from 'vitest';
import { pathProblem } from '#contract/rules/paths.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { isListedHeader } from '#providers/requests/headers.ts';
import { addressFor } from '#tools/address.ts';
import { TOOL_FORMATS } from '#contract/tools/formats.ts';
import { inFormat } from '#tools/formats.ts';
import { baseUrlOf, builtInTools, TOOL_SETS } from '#tools/registry/registry.ts';
import { builtRequest } from '#tools/request/build.ts';
import { placeholdersOf } from '#tools/request/template.ts';
import { parameterProblems, propertiesOf, schemaProblem, withDefaults } from '#tools/request/validate.ts';
import type { Tool } from '#tools/tool.ts';
import { allOf, requiredOf } from '../../support/tool-samples.ts';

const TOOLS = [...builtInTools()];

it('there are ninety-two tools of fourteen providers, each name once', () => {
  expect(TOOL_SETS).toHaveLength(14);
  expect(TOOLS).toHaveLength(92);
  expect(new Set(TOOLS.map(({ name }) => name)).size).toBe(92);
});

/** How providers name the scope that includes another: Microsoft, Google, Stripe. */
const WIDER: readonly (readonly [RegExp, string])[] = [
  [/^(\w+)\.Read$/, '$1.ReadWrite'],
  [/^(https:.*)\.readonly$/, '$1'],
  [/^read_only$/, 'read_write'],
];

it('a tool that a narrow scope serves is served by the wider one that includes it', () => {
  const entries = TOOLS.flatMap(({ connections }) => connections.map((id) => findDescriptor(id)));
  const known = entries.flatMap((entry) => Object.values(entry?.scope_aliases ?? {}).flat());
  const named = new Set([...known, ...TOOLS.flatMap(({ scopes_any }) => scopes_any.flat())]);
  const alone = TOOLS.flatMap(({ name, scopes_any }) =>
    scopes_any.flat().flatMap((scope) => {
      const [narrow, wide] = WIDER.find(([pattern]) => pattern.test(scope)) ?? [];
      const wider = narrow === undefined || wide === undefined ? scope : scope.replace(narrow, wide);
      const isThere = !named.has(wider) || scopes_any.some((one) => one.includes(wider));
      return isThere ? [] : [`${name}: ${scope} without ${wider}`];
    }),
  );
  expect(alone).toEqual([]);
});

const isFound = ({ name }: Tool) => /^[a-z0-9_]{1,64}$/.test(name);

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))('%s', (_, tool) => {
  const properties = propertiesOf(tool.parameters);
  const { required = [] } = tool.parameters as { required?: string[] };

  it('has a place for each parameter, and a parameter for each place', () => {
    expect(isFound(tool)).toBe(true);
    expect(Object.keys(tool.where).toSorted()).toEqual(Object.keys(properties).toSorted());
    const inPath = placeholdersOf(tool.path);
    const places = Object.entries(tool.where).filter(([, place]) => place.startsWith('path'));
    expect(places.map(([name]) => name).toSorted()).toEqual(inPath.toSorted());
    expect(inPath.filter((name) => !required.includes(name))).toEqual([]);
    expect(schemaProblem(tool.parameters)).toBeNull();
    const { pagination: { param, size } = {} } = tool;
    expect([param, size].filter((name) => name !== undefined && properties[name] === undefined)).toEqual([]);
  });

  it('says where its facts are from, and how sure they are', () => {
    expect(tool.sources.length).toBeGreaterThan(0);
    expect(tool.verified_against).not.toBe('');
    expect(tool.confidence === 'high' || (tool.unverified ?? []).length > 0).toBe(true);
  });

  it('works with entries of the catalogue, at an address that they have', () => {
    for (const id of tool.connections) {
      const entry = findDescriptor(id);
      const bases = entry?.api_base_urls ?? [];
      const address = addressFor(baseUrlOf(tool), bases, bases);
      expect(`${address?.baseUrl}${address?.prefix}`, id).toBe(baseUrlOf(tool));
      const listed = entry?.api_request_headers ?? [];
      const own = Object.keys(tool.headers ?? {}).filter((name) => name !== 'Accept');
      expect(own.filter((name) => !isListedHeader(name.toLowerCase(), listed))).toEqual([]);
    }
  });

  it('makes a request of its required parameters, and of all of them', () => {
    for (const given of [requiredOf(tool.parameters), allOf(tool.parameters)]) {
      const parameters = withDefaults(tool, given);
      expect(parameterProblems(tool, parameters)).toEqual([]);
      const built = builtRequest(tool, parameters, 'boundary');
      expect(built.ok).toBe(true);
      if (!built.ok) continue;
      expect(pathProblem(built.value.path)).toBeNull();
      expect(built.value.body === null).toBe(!['POST', 'PUT', 'PATCH'].includes(tool.method));
    }
    const { [required[0] ?? '']: _first, ...less } = requiredOf(tool.parameters);
    const lacks = required.length > 0 && properties[required[0] ?? '']?.['default'] === undefined;
    expect(parameterProblems(tool, withDefaults(tool, less)).length > 0).toBe(lacks);
    const strange = { ...requiredOf(tool.parameters), no_such_parameter: 1 };
    expect(parameterProblems(tool, strange).map(({ path }) => path)).toContain(
      'parameters.no_such_parameter',
    );
  });

  it('is told in the form of each kind of model', () => {
    for (const format of TOOL_FORMATS) {
      const text = JSON.stringify(inFormat(tool, format));
      expect(text).toContain(tool.name);
      expect(text).toContain('"properties"');
    }
  });
});

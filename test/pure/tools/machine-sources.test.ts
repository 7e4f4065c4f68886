/**
 * The built-in tools against what their providers publish for machines, as the packages of this repository bring it:
 * method, path, and the names of parameters. A tool that nothing here describes says what checked it, and stands in the
 * list at the end.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtInTools, TOOL_SETS } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';

const PACKAGES = path.resolve(import.meta.dirname, '../../../node_modules');
const textOf = (file: string): string => readFileSync(path.join(PACKAGES, file), 'utf8');
const toolsOf = (provider: string): Tool[] =>
  [...builtInTools()].filter((tool) => tool.provider === provider);
const names = (tool: Tool, ...places: string[]): string[] =>
  Object.entries(tool.where)
    .filter(([, place]) => places.includes(place))
    .map(([name]) => tool.wire_names?.[name] ?? name);
/** Paths differ in what they call their parts. */
const shape = (template: string): string => template.replaceAll(/\{[^}]+\}|\$\{[^}]+\}/g, '{}');
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
/** Members of a block of types that stand at this depth. */
function membersOf(block: string, indent: number): string[] {
  const found = block.matchAll(new RegExp(`^ {${indent}}(?:readonly )?['"]?([\\w$.-]+)['"]?\\??:`, 'gm'));
  return [...found].map(([, name = '']) => name);
}
const without = (one: readonly string[], other: readonly string[]) =>
  one.filter((name) => !other.includes(name));

describe('@octokit/openapi-types', () => {
  const types = textOf('@octokit/openapi-types/types.d.ts');

  /** The operation's parameters by place. */
  function operation(method: string, at: string): Record<'path' | 'query' | 'body', string[]> | null {
    const paths = types.slice(0, types.indexOf('\nexport interface operations '));
    const from = new RegExp(`^  "${escaped(at)}": \\{`, 'm').exec(paths)?.index ?? -1;
    const whole = from < 0 ? '' : paths.slice(from, paths.indexOf('\n  };', from));
    const id = new RegExp(`^    ${method.toLowerCase()}: operations\\["([^"]+)"\\]`, 'm').exec(whole)?.[1];
    if (id === undefined) return null;
    const begin = types.indexOf(`\n  "${id}": {`, types.indexOf('\nexport interface operations '));
    const block = types.slice(begin, types.indexOf('\n  };', begin));
    const part = (pattern: RegExp, indent: number) => membersOf(pattern.exec(block)?.[0] ?? '', indent);
    return {
      path: part(/^      path: \{[^]*?^      \}/m, 8),
      query: part(/^      query\??: \{[^]*?^      \}/m, 8),
      body: part(/^        "application\/json": \{[^]*?^        \}/m, 10),
    };
  }

  it.each(toolsOf('github').map((tool) => [tool.name, tool] as const))('knows %s', (_, tool) => {
    const found = operation(tool.method, tool.path);
    expect(found).not.toBeNull();
    expect(names(tool, 'path', 'path+').toSorted()).toEqual(found?.path.toSorted());
    expect(without(names(tool, 'query'), found?.query ?? [])).toEqual([]);
    expect(without(names(tool, 'body'), found?.body ?? [])).toEqual([]);
  });
});

describe('stripe', () => {
  const FOLDER = 'stripe/cjs/resources';
  const RESOURCES: Readonly<Record<string, string>> = {
    customers: 'Customers',
    invoices: 'Invoices',
    subscriptions: 'Subscriptions',
    charges: 'Charges',
    refunds: 'Refunds',
  };
  const VERBS: Readonly<Record<string, string>> = {
    search: 'Search',
    list: 'List',
    create: 'Create',
    get: 'Retrieve',
  };
  const PAGES = ['limit', 'starting_after', 'ending_before'];

  it.each(toolsOf('stripe').map((tool) => [tool.name, tool] as const))('knows %s', (_, tool) => {
    const resource = RESOURCES[tool.path.split('/')[1] ?? ''] ?? '';
    const code = textOf(`${FOLDER}/${resource}.js`);
    const calls = [...code.matchAll(/_makeRequest\('(\w+)', [`']([^`']+)[`']/g)].map(
      ([, method, url = '']) => `${method} ${shape(url)}`,
    );
    expect(calls).toContain(`${tool.method} ${shape(`/v1${tool.path}`)}`);
    const verb = VERBS[tool.name.split('_')[1] ?? ''] ?? '';
    const types = textOf(`${FOLDER}/${resource}.d.ts`);
    const declared = new RegExp(
      `^export interface ${resource.replace(/s$/, '')}${verb}Params([^{]*)\\{[^]*?^\\}`,
      'm',
    ).exec(types);
    const known = [
      ...membersOf(declared?.[0] ?? '', 4),
      ...(/PaginationParams/.test(declared?.[1] ?? '') ? PAGES : []),
    ];
    expect(without(names(tool, 'query', 'body'), known)).toEqual([]);
  });

  it('has the version of the API that the tools name', () => {
    const version = toolsOf('stripe')[0]?.headers?.['Stripe-Version'] ?? '';
    expect(textOf('stripe/cjs/apiVersion.js')).toContain(version);
  });
});

describe('@googleapis/drive', () => {
  const code = textOf('@googleapis/drive/build/v3.js');
  const types = textOf('@googleapis/drive/build/v3.d.ts');
  const CALLED: Readonly<Record<string, string>> = {
    drive_search_files: 'Files$List',
    drive_get_file: 'Files$Get',
    drive_export_file: 'Files$Export',
    drive_share_file: 'Permissions$Create',
  };

  it.each(toolsOf('google-drive').map((tool) => [tool.name, tool] as const))('knows %s', (_, tool) => {
    const calls = [...code.matchAll(/rootUrl \+\s*'([^']+)'\)[^]*?method: '(\w+)'/g)].map(
      ([, url = '', method]) => `${method} ${shape(url)}`,
    );
    expect(calls).toContain(`${tool.method} ${shape(`/drive/v3${tool.path}`)}`);
    const called = escaped(CALLED[tool.name] ?? '');
    const block = new RegExp(`interface Params\\$Resource\\$${called} [^{]*\\{[^]*?^    \\}`, 'm').exec(
      types,
    );
    const own = membersOf(block?.[0] ?? '', 8);
    // Of every Google API.
    const standard = ['fields'];
    expect(without(names(tool, 'path', 'query'), [...own, ...standard])).toEqual([]);
    const resource = /interface Schema\$Permission \{[^]*?^    \}/m.exec(types)?.[0] ?? '';
    expect(without(names(tool, 'body'), membersOf(resource, 8))).toEqual([]);
  });
});

describe('@slack/web-api', () => {
  const methods = textOf('@slack/web-api/dist/methods.js');

  it.each(toolsOf('slack').map((tool) => [tool.name, tool] as const))('knows the method of %s', (_, tool) => {
    expect(methods).toContain(`'${tool.path.slice(1)}'`);
  });
});

describe('@hubspot/api-client', () => {
  const ROOT = '@hubspot/api-client/lib/codegen/crm';
  const FOLDERS = ['contacts', 'companies', 'deals', 'objects', 'owners'];
  /** The package has the paths with numbers, of which the dated ones are the next form. */
  const numbered = (at: string) =>
    at
      .replace(/^\/crm\/objects\/2026-09/, '/crm/v3/objects')
      .replace(/^\/crm\/owners\/2026-03$/, '/crm/v3/owners');
  const apis = FOLDERS.flatMap((folder) => filesUnder(path.join(PACKAGES, ROOT, folder)))
    .filter((file) => file.endsWith('Api.js'))
    .map((file) => readFileSync(file, 'utf8'));
  const calls = new Set(
    apis.flatMap((code) =>
      [...code.matchAll(/localVarPath = '([^']+)'[^]*?HttpMethod\.(\w+)\)/g)].map(
        ([, url = '', method]) => `${method} ${shape(url)}`,
      ),
    ),
  );

  it.each(toolsOf('hubspot').map((tool) => [tool.name, tool] as const))(
    'knows %s by its number',
    (_, tool) => {
      const wanted = shape(numbered(tool.path));
      // Notes are objects of a type that stands in the path.
      const general = wanted.replace('/objects/notes', '/objects/{}');
      const known = [wanted, `${wanted}/`, general, `${general}/`].map((at) => `${tool.method} ${at}`);
      expect(known.filter((one) => calls.has(one)).length).toBeGreaterThan(0);
      if (!tool.name.includes('search')) return;
      const request = textOf(`${ROOT}/contacts/models/PublicObjectSearchRequest.js`);
      const fields = [...request.matchAll(/"baseName": "(\w+)"/g)].map(([, name = '']) => name);
      expect(without(names(tool, 'body'), fields)).toEqual([]);
    },
  );
});

it('a provider that no package describes says what checked each of its tools', () => {
  const described = ['github', 'stripe', 'google-drive', 'slack', 'hubspot'];
  const others = TOOL_SETS.filter(({ provider }) => !described.includes(provider));
  expect(others.map(({ provider }) => provider)).toEqual([
    'google-gmail',
    'google-calendar',
    'google-sheets',
    'notion',
    'jira',
    'linear',
    'salesforce',
    'outlook',
    'outlook-calendar',
  ]);
  const unsaid = others.flatMap(({ tools }) => tools.filter(({ verified_against: by }) => by === ''));
  expect(unsaid).toEqual([]);
  const unverified = TOOL_SETS.flatMap(({ tools }) => tools).filter(
    ({ confidence }) => confidence !== 'high',
  );
  expect(unverified.every(({ unverified: what = [] }) => what.length > 0)).toBe(true);
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

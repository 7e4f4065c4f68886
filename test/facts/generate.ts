/**
 * Made the catalogue, and the vectors of its providers' answers, from a file of facts:
 *
 *     node test/facts/generate.ts FACTS.json
 *
 * Entries and vectors are owned by hand since, so a file that exists is left alone; `--force` writes it anew (never
 * those of OWNED), which is for changes of the mapping before anything was edited. `entries.ts` is always written.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';
import { Descriptor, type DescriptorInput } from '#providers/descriptor.ts';
import { entryOf } from './descriptors.ts';
import type { Facts } from './facts.ts';
import { vectorsOf } from './vectors.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CATALOGUE = path.join(ROOT, 'src/providers/catalogue');
const VECTORS = path.join(ROOT, 'test/vectors/provider-answers');
/** Written by hand from the start. */
const OWNED: readonly string[] = ['google', 'hubspot', 'slack'];
/** A preset that differs in more than this from its parent reads better when it stands alone. */
const MAX_DIFFERENCES = 16;
const NOT_ENTRIES = ['catalogue.ts', 'entries.ts'];

const [file = '', ...flags] = process.argv.slice(2);
const force = flags.includes('--force');
const all = JSON.parse(readFileSync(file, 'utf8')) as Facts[];
const entries = new Map(all.map((facts) => [facts.id, entryOf(facts)]));
mkdirSync(VECTORS, { recursive: true });

for (const facts of all) {
  if (OWNED.includes(facts.id)) continue;
  const entry = entries.get(facts.id);
  if (entry === undefined) continue;
  const parent = parentOf(entry);
  write(path.join(CATALOGUE, `${facts.id}.ts`), await format(sourceOf(entry, parent), await style()));
  const same = parent !== undefined && answersAlike(entry, parent);
  write(
    path.join(VECTORS, `${facts.id}.json`),
    same ? `${JSON.stringify({ same_as: parent.id })}\n` : linesOf(vectorsOf(facts, Descriptor.parse(entry))),
  );
}
writeFileSync(path.join(CATALOGUE, 'entries.ts'), await format(listOf(), await style()));

function write(target: string, text: string): void {
  if (force || !existsSync(target)) writeFileSync(target, text);
}

async function style() {
  const settings = JSON.parse(readFileSync(path.join(ROOT, '.prettierrc.json'), 'utf8')) as object;
  return { ...settings, parser: 'typescript' };
}

/** A preset of the same kind of credential shares its parent's facts; another kind shares the name alone. */
function parentOf(entry: DescriptorInput): DescriptorInput | undefined {
  const parent = entries.get(entry.preset_of ?? '');
  if (parent === undefined || parent.auth_type !== entry.auth_type) return undefined;
  return differencesOf(entry, parent).length <= MAX_DIFFERENCES ? parent : undefined;
}

type Field = [key: keyof Descriptor, value: unknown];

function differencesOf(entry: DescriptorInput, parent: DescriptorInput): Field[] {
  const [own, theirs] = [Descriptor.parse(entry), Descriptor.parse(parent)];
  const keys = [...new Set([...Object.keys(own), ...Object.keys(theirs)])] as (keyof Descriptor)[];
  return keys
    .filter((key) => JSON.stringify(own[key]) !== JSON.stringify(theirs[key]))
    .map((key): Field => [key, entry[key] === undefined ? own[key] : entry[key]]);
}

function sourceOf(entry: DescriptorInput, parent: DescriptorInput | undefined): string {
  const fields: [string, unknown][] =
    parent === undefined ? Object.entries(entry) : differencesOf(entry, parent);
  const body = fields.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)},`).join('\n');
  const name = nameOf(entry.id);
  const of =
    parent === undefined ? 'facts as data' : `${parent.display_name} with its own scopes and addresses`;
  return `/** ${entry.display_name}: ${of}. */

import type { DescriptorInput } from '../descriptor.ts';
${parent === undefined ? '' : `import { ${nameOf(parent.id)} } from './${parent.id}.ts';\n`}
export const ${name} = (): DescriptorInput => ({
${parent === undefined ? '' : `...${nameOf(parent.id)}(),\n`}${body}
});
`;
}

/** Whether the two are classified by the same facts, so that one file of vectors holds for both. */
function answersAlike(entry: DescriptorInput, parent: DescriptorInput): boolean {
  const asked = differencesOf(entry, parent).map(([key]) => key);
  const telling: readonly (keyof Descriptor)[] = [
    'access_token_ttl_s',
    'access_token_never_expires',
    'refresh_token',
    'terminal_refresh_errors',
    'transient_refresh_errors',
    'token_response_map',
    'token_response_success_check',
    'errors_with_http_200',
    'capture_from_token_response',
    'scope_separator',
    'api_dead_token_signals_with_200',
    'api_signals',
    'expires_in_zero',
  ];
  return !telling.some((key) => asked.includes(key));
}

/** One case per line: a file of vectors is read by its names. */
function linesOf(vectors: ReturnType<typeof vectorsOf>): string {
  const cases = vectors.cases.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
  return `{\n  "sources": ${JSON.stringify(vectors.sources)},\n  "cases": [\n${cases}\n  ]\n}\n`;
}

function listOf(): string {
  const ids = readdirSync(CATALOGUE)
    .filter((name) => name.endsWith('.ts') && !NOT_ENTRIES.includes(name))
    .map((name) => name.slice(0, -3))
    .toSorted();
  const imports = ids.map((id) => `import { ${nameOf(id)} } from './${id}.ts';`).join('\n');
  const lines = ids.map((id) => `'${id}': ${nameOf(id)},`).join('\n');
  return `/**
 * Every provider that is known by name. An entry is a function, so that an isolate that serves a few providers makes
 * the facts of those few alone; a fact that an entry leaves out is the default of the schema: unknown, none or not needed.
 */

import type { DescriptorInput } from '../descriptor.ts';
${imports}

export const ENTRIES: Readonly<Record<string, () => DescriptorInput>> = {
${lines}
};
`;
}

function nameOf(id: string): string {
  return id.replace(/[^a-z0-9]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

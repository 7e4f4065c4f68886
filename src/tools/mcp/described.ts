/**
 * What a server says of its tools, made fit to be shown: its words may be written to steer a model, and its schemas may
 * be of any size. Pure. Text is cut, loses what cannot be seen, and carries the connection that it comes from; hints
 * that would make a client less careful are not passed on.
 */

import { contentDigest } from '#crypto/digest.ts';

/** A tool as its server lists it, unchecked. */
export interface ForeignTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
}

/** What of it clients are shown. */
export interface ShownTool {
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' };
  readonly annotations: {
    readonly title?: string;
    readonly destructiveHint?: true;
    readonly openWorldHint: true;
  };
}

const MOST_TITLE = 80;
const MOST_DESCRIPTION = 1_024;
const MOST_SCHEMA = 64 * 1024;
const DEEPEST_SCHEMA = 24;
/** Of texts within a schema. */
const MOST_SCHEMA_TEXT = 512;
/** Makes a client send headers to us that are meant for the server. */
const HEADER_KEY = 'x-mcp-header';

const ANY_OBJECT = { type: 'object' } as const;

export function shownTool(connection: string, tool: ForeignTool): ShownTool {
  const title = seen(tool.title ?? textOf(tool.annotations?.['title']), MOST_TITLE);
  const said = seen(tool.description ?? '', MOST_DESCRIPTION);
  const marked = title === '' ? {} : { title: `[${connection}] ${title}` };
  return {
    ...marked,
    description: `[${connection}] ${said === '' ? 'A tool of this MCP server.' : said}`,
    inputSchema: shownSchema(tool.inputSchema),
    annotations: {
      ...marked,
      ...(tool.annotations?.['destructiveHint'] === true ? { destructiveHint: true as const } : {}),
      openWorldHint: true,
    },
  };
}

/** What stands for a tool when it is compared with itself: everything that a model or a client reads of it. */
export function digestOf({
  name,
  title,
  description,
  inputSchema,
  outputSchema,
  annotations,
}: ForeignTool): string {
  const told = [
    name,
    title ?? null,
    description ?? null,
    inputSchema,
    outputSchema ?? null,
    annotations ?? null,
  ];
  return contentDigest(['mcp tool v1', canonical(told)], new Uint8Array(0));
}

/** JSON with its keys in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What shows as nothing, turns the text around it, or is of nobody's alphabet. */
const UNSEEN = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Without what shows as nothing or turns the text around it, in one line, and cut. */
export function seen(text: string, most: number): string {
  const visible = text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(UNSEEN, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  const characters = Array.from(visible.slice(0, most * 2));
  return characters.length <= most ? visible : `${characters.slice(0, most - 1).join('')}…`;
}

function shownSchema(schema: unknown): ShownTool['inputSchema'] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return ANY_OBJECT;
  if (JSON.stringify(schema).length > MOST_SCHEMA) return ANY_OBJECT;
  const shown = shownValue(schema, DEEPEST_SCHEMA);
  return shown === TOO_DEEP ? ANY_OBJECT : { ...(shown as Record<string, unknown>), type: 'object' };
}

const TOO_DEEP = Symbol('too deep');
/** Read by people and models; every other text of a schema is compared, and keeps its length. */
const WORDS: ReadonlySet<string> = new Set(['title', 'description', '$comment']);

function shownValue(value: unknown, left: number): unknown {
  if (typeof value === 'string') return value.replaceAll(UNSEEN, '');
  if (typeof value !== 'object' || value === null) return value;
  if (left === 0) return TOO_DEEP;
  if (Array.isArray(value)) {
    const items = value.map((one) => shownValue(one, left - 1));
    return items.includes(TOO_DEEP) ? TOO_DEEP : items;
  }
  const shown: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    if (key === HEADER_KEY || key === '__proto__' || key.replaceAll(UNSEEN, '') !== key) continue;
    const isWords = WORDS.has(key) && typeof one === 'string';
    const inner = isWords ? seen(one, MOST_SCHEMA_TEXT) : shownValue(one, left - 1);
    if (inner === TOO_DEEP) return TOO_DEEP;
    shown[key] = inner;
  }
  return shown;
}

/**
 * Two tools in the place of hundreds: one that finds tools by words, and one that calls the tool that was found. Pure.
 * For clients whose model would not read a long list.
 */

import type { OfferedTool } from './server.ts';

export const SEARCH_TOOLS = 'search_tools';
export const EXECUTE_TOOL = 'execute_tool';
const USUAL_LIMIT = 10;
const MOST_LIMIT = 50;

export const SEARCHING: readonly OfferedTool[] = [
  {
    name: EXECUTE_TOOL,
    title: 'Execute a tool',
    description: 'Calls a tool that search_tools has found, with arguments of its inputSchema.',
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Name of the tool, as search_tools gives it.' },
        arguments: { type: 'object', description: "Arguments, as the tool's inputSchema has them." },
        connected_account_id: { type: 'string', description: 'Whose account, where the tool has several.' },
      },
      required: ['name', 'arguments'],
      additionalProperties: false,
    },
    annotations: { openWorldHint: true },
  },
  {
    name: SEARCH_TOOLS,
    title: 'Search tools',
    description:
      'Finds tools by what they do. Answers their names, descriptions and inputSchemas, the best first.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'Words, such as `list contacts`. Empty: all tools, by name.' },
        limit: { type: 'integer', minimum: 1, maximum: MOST_LIMIT, default: USUAL_LIMIT },
      },
      required: ['query'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
];

/** The tools that fit best, at most `limit`; those that fit alike by name. */
export function found(
  tools: readonly OfferedTool[],
  { query, limit }: { readonly query: string; readonly limit: number },
): readonly OfferedTool[] {
  const words = wordsOf(query);
  const scored = tools.map((tool) => ({ tool, score: scoreOf(tool, words) }));
  return scored
    .filter(({ score }) => words.length === 0 || score > 0)
    .toSorted((a, b) => b.score - a.score || (a.tool.name < b.tool.name ? -1 : 1))
    .slice(0, limit)
    .map(({ tool }) => tool);
}

/** @returns what is wrong with the arguments, by path */
export function searchOf(
  args: Readonly<Record<string, unknown>>,
): { readonly query: string; readonly limit: number } | { readonly path: string; readonly message: string } {
  const { query, limit = USUAL_LIMIT } = args;
  if (typeof query !== 'string') return { path: 'query', message: 'must be a text' };
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MOST_LIMIT)
    return { path: 'limit', message: `must be a whole number from 1 to ${MOST_LIMIT}` };
  return { query, limit };
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)].slice(0, 32);
}

/** A word of the name counts most, then one of the title, then one of the description; a beginning counts half. */
function scoreOf({ name, title = '', description }: OfferedTool, words: readonly string[]): number {
  const places = [
    { words: wordsOf(name.replaceAll('_', ' ')), weight: 8 },
    { words: wordsOf(title), weight: 4 },
    { words: wordsOf(description), weight: 2 },
  ];
  let score = 0;
  for (const word of words)
    for (const place of places) {
      if (place.words.includes(word)) score += place.weight;
      else if (place.words.some((one) => one.startsWith(word) || (one.length > 3 && word.startsWith(one))))
        score += place.weight / 2;
    }
  return score;
}

/**
 * What a provider's token endpoint and API say, out of the vectors that the broker is tested with: the simulator makes
 * up no answer of its own. Reads files; chooses the first documented answer of a kind, else the first generic one.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What an answer is about. `scope` and `request`: refused as a request, from every client. */
export type AnswerKind = 'success' | 'death' | 'client' | 'throttle' | 'transient' | 'refused_token';

export interface KnownAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or the text that stands in its place. */
  readonly body: unknown;
}

interface Vector {
  category?: string;
  source: 'documented' | 'generic';
  api?: true;
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string;
  context?: object;
  truncated?: boolean;
  expect: { outcome?: string; verdict?: string; kind?: string };
}

const FOLDER = path.resolve(import.meta.dirname, '../../../test/vectors/provider-answers');

const KINDS: Readonly<Record<string, AnswerKind>> = {
  refreshed: 'success',
  grant_dead: 'death',
  client_rejected: 'client',
  throttled: 'throttle',
  transient: 'transient',
};

/** Where a provider documents none: RFC 6749, section 4.1.2.1, as token endpoints use it. */
const TRANSIENT: KnownAnswer = { status: 503, headers: {}, body: { error: 'temporarily_unavailable' } };

export type AnswerBook = (kind: AnswerKind) => KnownAnswer;

/** @throws Error where the vectors of `id` hold no answer of that kind */
export function answersOf(id: string): AnswerBook {
  const file = JSON.parse(readFileSync(path.join(FOLDER, `${id}.json`), 'utf8')) as
    { cases: Vector[] } | { same_as: string };
  if ('same_as' in file) return answersOf(file.same_as);
  const usable = file.cases.filter((one) => one.context === undefined && one.truncated !== true);
  return (kind) => {
    const fitting = usable.filter((one) => kindOf(one) === kind).filter((one) => isPlain(one));
    const ranked = fitting.toSorted((a, b) => rankOf(kind, a) - rankOf(kind, b));
    const found = ranked[0];
    if (found === undefined && kind === 'transient') return TRANSIENT;
    if (found === undefined) throw new Error(`the vectors of ${id} hold no answer of the kind ${kind}`);
    return { status: found.status, headers: found.headers ?? {}, body: found.json ?? textOf(found.body) };
  };
}

function kindOf(vector: Vector): AnswerKind | null {
  if (vector.api === true) {
    return vector.expect.verdict === 'token_refused' ? 'refused_token' : null;
  }
  const { outcome = '', kind } = vector.expect;
  if (outcome === 'client_rejected' && kind === 'request') return null;
  return KINDS[outcome] ?? null;
}

/** A page or an empty body says nothing in the provider's own words; a 429 is told by its status alone. */
function isPlain(vector: Vector): boolean {
  return vector.json !== undefined || vector.body?.startsWith('{') === true || vector.status === 429;
}

/** Documented before generic; of the ways to be no client, a wrong secret; of the ways to be too many, a 429. */
function rankOf(kind: AnswerKind, vector: Vector): number {
  if (kind === 'throttle' && vector.status !== 429) return 4;
  const generic = vector.source === 'generic' ? 2 : 0;
  const text = JSON.stringify(vector.json ?? vector.body ?? '');
  return generic + (kind === 'client' && !/secret/i.test(text) ? 1 : 0);
}

function textOf(body: string | undefined): unknown {
  if (body === undefined || body === '') return '';
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

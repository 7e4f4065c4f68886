/** Reads the files of test/vectors/provider-answers; a preset that answers like its parent names it and has no cases. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Vector {
  name: string;
  category?: string;
  source: 'documented' | 'generic';
  /** Row or field of the entry that says it. */
  fact?: string;
  /** An answer of the provider's API; else of its token endpoint. */
  api?: true;
  status: number;
  headers?: Record<string, string>;
  /** A JSON body, or the body as text. */
  json?: unknown;
  body?: string;
  truncated?: boolean;
  context?: { inDoubt?: boolean; narrowed?: boolean; requestedScopes?: string[] };
  expect: Record<string, unknown>;
}

export const VECTORS = path.resolve(import.meta.dirname, '../../vectors/provider-answers');

export function vectorsOf(id: string): Vector[] {
  const text = readFileSync(path.join(VECTORS, `${id}.json`), 'utf8');
  const file = JSON.parse(text) as { cases: Vector[] } | { same_as: string };
  return 'same_as' in file ? vectorsOf(file.same_as) : file.cases;
}

export function answerOf(vector: Vector) {
  return {
    status: vector.status,
    headers: vector.headers ?? (vector.body === undefined ? { 'content-type': 'application/json' } : {}),
    body: vector.body ?? JSON.stringify(vector.json),
    ...(vector.truncated === true ? { truncated: true } : {}),
  };
}

const CATEGORIES: Readonly<Record<string, string>> = {
  refreshed: 'success',
  grant_dead: 'death',
  client_rejected: 'client',
  throttled: 'throttle',
};

export function categoryOf(vector: Vector): string {
  return vector.category ?? CATEGORIES[String(vector.expect['outcome'])] ?? 'transient';
}

/** An API as a list of its routes: `GET /a/:id` and what it answers. */

import type { ApiAnswer, ApiRequest, Face, Memory } from './face.ts';

export type Handler = (request: ApiRequest, parts: readonly string[], memory: Memory) => ApiAnswer | null;

export interface Refusals {
  readonly refused: ApiAnswer;
  readonly missing: ApiAnswer;
}

/** `:name` takes one segment, `*` any rest. */
export function routed({ refused, missing }: Refusals, routes: Readonly<Record<string, Handler>>): Face {
  const known = Object.entries(routes).map(([route, handler]) => {
    const [method = '', path = ''] = route.split(' ');
    const pattern = path
      .replaceAll(/[.$]/g, String.raw`\$&`)
      .replaceAll(/:[a-z]+/gi, '([^/]+)')
      .replaceAll('*', '(.+)');
    return { method, pattern: new RegExp(`^${pattern}$`), handler };
  });
  return {
    refused,
    missing,
    answer: (request, memory) => {
      for (const { method, pattern, handler } of known) {
        const found = method === request.method ? pattern.exec(request.path) : null;
        if (found !== null) return handler(request, found.slice(1).map(decodeURIComponent), memory);
      }
      return null;
    },
  };
}

export const fine = (body: object, status = 200): ApiAnswer => ({ status, body });
export const nothing = (status: number): ApiAnswer => ({ status, body: Buffer.alloc(0) });

/** `count` things, or none where the API is empty. */
export function things<T>({ isEmpty }: Memory, count: number, make: (n: number) => T): T[] {
  return isEmpty ? [] : Array.from({ length: count }, (_, n) => make(n + 1));
}

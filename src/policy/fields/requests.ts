/** Whether a request of the proxy is one that a rule names. Byte for byte: no case is folded and nothing is decoded. */

import type { Rule } from '#contract/agents/policy.ts';
import { hidesSlash, pathProblem, segmentsOf } from '#contract/rules/paths.ts';

type Requests = NonNullable<Rule['requests']>;

/** Does some entry take this method, whatever the path? */
export function takesMethod(requests: Requests, method: string | null): boolean {
  return method !== null && requests.some(({ methods }) => methods?.includes(method) ?? true);
}

/** Does one entry take this method and this path? A path that is not canonical fits nothing. */
export function takesRequest(requests: Requests, method: string | null, path: string | null): boolean {
  if (method === null || path === null || pathProblem(path) !== null) return false;
  return requests.some(
    ({ methods, paths }) =>
      (methods?.includes(method) ?? true) && (paths?.some((pattern) => matchesPath(pattern, path)) ?? true),
  );
}

/** `*` is one segment; a trailing `/*` is any rest of at least one segment. The path is canonical. */
export function matchesPath(pattern: string, path: string): boolean {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(path);
  const isOpen = wanted.at(-1) === '*';
  if (isOpen ? given.length < wanted.length : given.length !== wanted.length) return false;
  const rest = isOpen ? given.slice(wanted.length) : [];
  return wanted.every((segment, index) => fits(segment, given[index] ?? '')) && !rest.some(hidesSlash);
}

/** An empty segment is none, and one that a server may read as two stands behind no wildcard. */
function fits(wanted: string, given: string): boolean {
  return wanted === '*' ? given !== '' && !hidesSlash(given) : wanted === given;
}

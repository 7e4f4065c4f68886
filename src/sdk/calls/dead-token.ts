/** Whether an answer of an API says that its token is dead. */

import type { DeadToken } from '../credential.ts';

/** A refusal is short; in more than this nobody looks for one. */
const LONGEST_BYTES = 64 * 1024;

/** The answer stays readable. Its body is looked at only where an entry needs it, and only where it is short JSON. */
export async function saysDead(response: Response, signs: readonly DeadToken[]): Promise<boolean> {
  const possible = signs.filter(({ status }) => status === undefined || status === response.status);
  if (possible.length === 0) return false;
  if (possible.some(({ field }) => field === undefined)) return true;
  const length = response.headers.get('content-length');
  if (!/json/i.test(response.headers.get('content-type') ?? '')) return false;
  if (length !== null && Number(length) > LONGEST_BYTES) return false;
  // An answer of unknown length may be a stream that never ends: of such nothing is read.
  if (length === null && /event-stream|ndjson|jsonl/i.test(response.headers.get('content-type') ?? ''))
    return false;
  const body: unknown = await shortJson(response.clone());
  return possible.some(({ field, equals }) => matches(body, field ?? '', equals));
}

async function shortJson(response: Response): Promise<unknown> {
  const reader = response.body?.getReader();
  if (reader === undefined) return undefined;
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let bytes = 0; ;) {
      const { done, value } = await reader.read();
      if (done) return JSON.parse(text + decoder.decode());
      bytes += value.byteLength;
      if (bytes > LONGEST_BYTES) {
        void reader.cancel();
        return undefined;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return undefined;
  }
}

function matches(body: unknown, field: string, equals: DeadToken['equals']): boolean {
  const found = field.split('.').reduce<unknown>((at, name) => {
    return at !== null && typeof at === 'object' ? (at as Record<string, unknown>)[name] : undefined;
  }, body);
  return equals === undefined ? found !== undefined : found === equals;
}

/**
 * From a record as it is stored to what readers are shown: every field of the contract, null where it says nothing.
 * Pure, and total: a record from newer code or from outside the broker is shown as far as it has the shape of a record.
 */

import type { AuditEvent } from '#contract/events/audit-events.ts';
import type { StoredRecord } from './ring.ts';

/** Beside those with a shape of their own. */
const PLAIN = [
  'reason',
  'connected_account_id',
  'connection',
  'identifier',
  'organization',
  'scopes',
  'tool',
  'method',
  'path',
  'upstream_status',
  'began',
  'token_fingerprint',
  'correlation_id',
  'tool_call_id',
  'purpose',
  'duration_ms',
  'evidence',
] as const;

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function parsed(body: string): Members {
  try {
    return membersOf(JSON.parse(body));
  } catch {
    return {};
  }
}

const picked = <Name extends string>(from: Members, names: readonly Name[]): Record<Name, unknown> =>
  Object.fromEntries(names.map((name) => [name, from[name] ?? null])) as Record<Name, unknown>;

/** @param source whose chain: `account:…` or `agent:…` */
export function shownRecord(source: string, { seq, body, previous, hash }: StoredRecord): AuditEvent {
  const record = parsed(body);
  return {
    id: `${source}/${seq}`,
    at: record['at'] ?? '',
    seq,
    actor: picked(membersOf(record['actor']), ['type', 'id', 'method', 'key_id', 'chain']),
    action: record['action'] ?? '',
    outcome: record['outcome'] ?? 'unknown',
    ...picked(record, PLAIN),
    client: picked(membersOf(record['client']), ['ip', 'country', 'colo', 'user_agent']),
    prev_hash: previous,
    hash,
  } as AuditEvent;
}

/** The organization that the record belongs to; null: none in particular. */
export function organizationOf({ body }: StoredRecord): string | null {
  const organization = parsed(body)['organization'];
  return typeof organization === 'string' ? organization : null;
}

/** A page of a chain, newest first. */
export interface ChainPage {
  readonly records: readonly StoredRecord[];
  /** Below this number there may be more; null: there is nothing more. */
  readonly before: number | null;
}

/** Records that are read at once while those of one organization are looked for. */
const STRIDE = 200;

/**
 * A page of what `wanted` lets through; it reads on until the page is full or the chain ends.
 *
 * @param list as `AuditRing.list`
 */
export function chainPage(
  list: (before: number | null, limit: number) => readonly StoredRecord[],
  before: number | null,
  limit: number,
  wanted: (record: StoredRecord) => boolean,
): ChainPage {
  const records: StoredRecord[] = [];
  let from = before;
  for (;;) {
    const found = list(from, STRIDE);
    for (const record of found) {
      if (!wanted(record)) continue;
      if (records.length === limit) return { records, before: records.at(-1)?.seq ?? 1 };
      records.push(record);
    }
    if (found.length < STRIDE) return { records, before: null };
    from = found.at(-1)?.seq ?? 1;
  }
}

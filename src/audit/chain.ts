/**
 * A hash chain that lies in rows which another writer may reach: one link is made from the head before it, and the head
 * is authenticated under a key. Pure; which of two writers was first is the table's to decide.
 */

import { CHAIN_START, chainHash, equalSecrets, rowMac } from '#crypto/digest.ts';
import { recordText, type AuditFields, type RequestContext } from './record.ts';

/** The newest record of a chain; `seq` 0: there is none. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export interface Link extends ChainHead {
  /** The record's stored text. */
  readonly body: string;
}

export const NO_RECORDS: ChainHead = { seq: 0, hash: CHAIN_START };

/** The MAC beside a head: the head is of this chain, and the broker made it. */
export function headMac(macKey: Uint8Array, chain: string, { seq, hash }: ChainHead): string {
  return rowMac(macKey, 'organization_audit_head', [chain, seq, hash]);
}

export function isAuthenticHead(macKey: Uint8Array, chain: string, head: ChainHead, mac: string): boolean {
  return equalSecrets(headMac(macKey, chain, head), mac);
}

/** Of the last record that was dropped: a head that an earlier reader has kept is no checkpoint. */
export function checkpointMac(macKey: Uint8Array, chain: string, { seq, hash }: ChainHead): string {
  return rowMac(macKey, 'organization_audit_checkpoint', [chain, seq, hash]);
}

export function isAuthenticCheckpoint(
  macKey: Uint8Array,
  chain: string,
  checkpoint: ChainHead,
  mac: string,
): boolean {
  return equalSecrets(checkpointMac(macKey, chain, checkpoint), mac);
}

/** The record that follows `head`. */
export function nextLink(
  head: ChainHead,
  fields: AuditFields,
  context: RequestContext,
  at: string,
  macKey: Uint8Array,
): Link {
  const seq = head.seq + 1;
  const body = recordText(seq, at, fields, context, macKey);
  return { seq, body, hash: chainHash(head.hash, body) };
}

/**
 * How far `rows` carry the chain on from `head`: the new head, and the first number at which it does not hold (null:
 * none). A record says its own number, so that a row cannot be renumbered beside its text.
 */
export function walk(
  head: ChainHead,
  rows: readonly Link[],
): { readonly head: ChainHead; readonly brokenAt: number | null } {
  let at = head;
  for (const row of rows) {
    const expected = at.seq + 1;
    const holds =
      row.seq === expected &&
      row.hash === chainHash(at.hash, row.body) &&
      row.body.startsWith(`{"seq":${expected},`);
    if (!holds) return { head: at, brokenAt: expected };
    at = { seq: row.seq, hash: row.hash };
  }
  return { head: at, brokenAt: null };
}

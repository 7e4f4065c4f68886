/**
 * What an audit record holds and how it becomes the text that the chain hashes. Pure.
 * Names are the wire's, because the stored text is what leaves.
 */

import { maskedRun } from '#crypto/digest.ts';

export type AuditAction =
  | 'token.issue'
  | 'token.refresh'
  | 'token.revoke'
  | 'proxy.call'
  | 'tool.execute'
  | 'tool.update'
  | 'tool.delete'
  | 'account.connect'
  | 'account.confirm'
  | 'account.import'
  | 'account.status'
  | 'account.delete'
  | 'agent.create'
  | 'agent.update'
  | 'agent.delete'
  | 'agent.suspend'
  | 'agent.resume'
  | 'agent.key.create'
  | 'agent.key.delete'
  | 'agent.token.issue'
  | 'agent.token.revoke'
  | 'policy.update'
  | 'connection.create'
  | 'connection.update'
  | 'connection.delete'
  | 'connection.outage'
  | 'connection.misconfigured'
  | 'connection.recovered'
  | 'webhook.create'
  | 'webhook.update'
  | 'webhook.delete'
  | 'webhook.rotate_secret'
  | 'admin_key.create'
  | 'admin_key.delete'
  | 'signing_key.create'
  | 'signing_key.delete'
  | 'revocation.create'
  | 'approval.approve'
  | 'approval.deny'
  | 'approval.expire'
  | 'approval.return'
  | 'audit.read'
  | 'auth.fail';

/** `started`: written before a call, whose outcome has a record of its own. `unknown`: it may have happened at the other side; nothing tells. */
export type AuditOutcome = 'started' | 'ok' | 'refused' | 'failed' | 'unknown';

export interface Actor {
  readonly type: 'agent' | 'operator' | 'system';
  readonly id: string | null;
  /** How it proved itself, e.g. `agent_key`, `admin_key`. */
  readonly method: string | null;
  readonly key_id: string | null;
  /** Through whom it was handed on, as its agent names them, the newest first; left out: it was not. */
  readonly chain?: readonly string[];
}

/** The client that asked, as far as the edge knows. */
export interface ClientInfo {
  readonly ip: string | null;
  readonly country: string | null;
  readonly colo: string | null;
  readonly user_agent: string | null;
}

/** What one request carries into every record made for it. */
export interface RequestContext {
  readonly actor: Actor;
  readonly correlationId: string;
  /** The broker made it itself, for work that no request asked for; left out: a caller may have. */
  readonly ownCorrelation?: true;
  readonly toolCallId: string | null;
  /** Why, in the caller's own words; left out: it says nothing. */
  readonly purpose?: string | null;
  readonly client: ClientInfo;
}

/** Fields beyond those of the context; absent and null are the same and are not stored. */
export interface AuditFields {
  readonly action: AuditAction;
  readonly outcome: AuditOutcome;
  readonly reason?: string | null;
  readonly connected_account_id?: string | null;
  readonly connection?: string | null;
  readonly identifier?: string | null;
  readonly organization?: string | null;
  readonly scopes?: readonly string[] | null;
  readonly tool?: string | null;
  readonly method?: string | null;
  /** Of a URL, without its query; see `recordedPath`. */
  readonly path?: string | null;
  readonly upstream_status?: number | null;
  /** Of the end of a call: the number of the record that began it. */
  readonly began?: number | null;
  readonly token_fingerprint?: string | null;
  readonly duration_ms?: number | null;
  /** Facts of a refresh: attempt id, trigger, provider code, the answer's shape. */
  readonly evidence?: readonly string[] | null;
}

const FREE_FIELD_LIMIT = 200;
/**
 * Slashes and percent signs stand in base64 and in encoded tokens, but also in what programs call themselves: with them
 * a run must be longer than those names are.
 */
const TOKEN_RUN = /[A-Za-z0-9_\-.~+=/%]{32,}|[A-Za-z0-9_\-.~+=]{20,}/g;
// eslint-disable-next-line no-control-regex -- control characters are what is being escaped
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A UUID that is a whole run of characters, so that a secret containing a UUID is not taken for one. */
const UUID_APART =
  /(?<![A-Za-z0-9_\-.~+=/%])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![A-Za-z0-9_\-.~+=/%])/gi;

/**
 * A field that a caller can fill freely: cut, control characters escaped, runs that may be a secret replaced by their
 * HMAC. A UUID by itself is no secret and stays.
 */
export function freeField(text: string | null, macKey: Uint8Array): string | null {
  if (text === null) return null;
  return (
    text
      .slice(0, FREE_FIELD_LIMIT)
      .replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
      // Every second piece is a UUID.
      .split(UUID_APART)
      .map((piece, index) =>
        index % 2 === 1 ? piece : piece.replace(TOKEN_RUN, (run) => maskedRun(macKey, run)),
      )
      .join('')
  );
}

const PATH_LIMIT = 500;

/** A path as a record may hold it: each segment is a field that a caller can fill freely. */
export function recordedPath(path: string | null, macKey: Uint8Array): string | null {
  if (path === null) return null;
  const segments = path.slice(0, PATH_LIMIT).split('/');
  return segments.map((segment) => freeField(segment, macKey)).join('/');
}

/** What a refused request named: the caller's text, unless the names are known to be ours. */
export function asFreeNames(
  fields: AuditFields,
  isOurs: (name: 'connection' | 'identifier', value: string) => boolean,
  macKey: Uint8Array,
): AuditFields {
  const masked = (name: 'connection' | 'identifier'): string | null => {
    const value = fields[name] ?? null;
    return value === null || isOurs(name, value) ? value : freeField(value, macKey);
  };
  const { tool = null, path = null } = fields;
  return {
    ...fields,
    connection: masked('connection'),
    identifier: masked('identifier'),
    tool: freeField(tool, macKey),
    path: recordedPath(path, macKey),
  };
}

function withoutNulls(fields: object): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    const value = (fields as Record<string, unknown>)[key];
    if (value !== null && value !== undefined) out[key] = value;
  }
  return out;
}

/** The names in a chain are their agent's own words. */
function maskedActor({ chain, ...actor }: Actor, macKey: Uint8Array): Actor {
  return chain === undefined
    ? actor
    : { ...actor, chain: chain.map((name) => freeField(name, macKey) ?? '') };
}

/** The stored text of a record: `seq` and `at` first, then actor, fields and context. Key order is the order of making. */
export function recordText(
  seq: number,
  at: string,
  fields: AuditFields,
  context: RequestContext,
  macKey: Uint8Array,
): string {
  return JSON.stringify({
    seq,
    at,
    actor: withoutNulls(maskedActor(context.actor, macKey)),
    ...withoutNulls(fields),
    correlation_id:
      context.ownCorrelation === true ? context.correlationId : freeField(context.correlationId, macKey),
    ...withoutNulls({
      tool_call_id: freeField(context.toolCallId, macKey),
      purpose: freeField(context.purpose ?? null, macKey),
    }),
    client: withoutNulls({ ...context.client, user_agent: freeField(context.client.user_agent, macKey) }),
  });
}

/** The context of what the broker does by itself: timers, settles, repair. */
export function systemContext(correlationId: string): RequestContext {
  return {
    actor: { type: 'system', id: null, method: null, key_id: null },
    correlationId,
    ownCorrelation: true,
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
  };
}

/**
 * The events that leave the broker: their names, what an endpoint may ask for, and the one text of each.
 *
 * Owns names, filters, `data` and body. Names in `data` are the wire's, because the text made here is what is stored
 * and sent. Refuses to decide what is worth an event (`incident.ts`, and the rooms that change state), to draw ids or
 * count `sequence`, and to send.
 */

import { isoTime } from '#lib/clock.ts';

export const EVENT_TYPES = [
  'agent.auth.reauth_required',
  'agent.auth.succeeded',
  'agent.auth.confirmation_required',
  'agent.approval_required',
  'agent.approval_decided',
  'connected_account.refreshed',
  'connected_account.degraded',
  'connected_account.recovered',
  'connected_account.expiring',
  'connected_account.disabled',
  'connected_account.revoked',
  'connected_account.deleted',
  'connection.misconfigured',
  'connection.outage',
  'connection.recovered',
  'agent.suspended',
  'agent.anomaly',
  'webhook.test',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/**
 * Comes with every refresh of every account: thousands of times all others together, so no endpoint gets it unasked.
 */
const ONLY_BY_NAME: EventType = 'connected_account.refreshed';

const ALL = '*';

/** Every prefix of a type that ends at a dot: `agent.` and `agent.auth.`, never `agent.a`. */
const PREFIXES: ReadonlySet<string> = new Set(
  EVENT_TYPES.flatMap((type) =>
    [...type.matchAll(/\./g)].map(({ index }) => `${type.slice(0, index + 1)}${ALL}`),
  ),
);
const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);

/** May `text` stand in an endpoint's `events`? A known type, a known `prefix.*`, or `*`. */
export function isEventFilter(text: string): boolean {
  return text === ALL || TYPES.has(text) || PREFIXES.has(text);
}

/**
 * Does an endpoint with these filters want an event of this type?
 *
 * `connected_account.refreshed` has to be named exactly: neither `*` nor `connected_account.*` includes it, since
 * an operator who writes the prefix asks for what happens to accounts, not for a heartbeat. An invalid filter matches
 * nothing. `POST …/test` reads no filters: its event goes to the endpoint it names.
 */
export function matchesFilters(filters: readonly string[], type: EventType): boolean {
  return filters.some((filter) => {
    if (filter === type) return true;
    if (type === ONLY_BY_NAME || !isEventFilter(filter) || !filter.endsWith(ALL)) return false;
    return type.startsWith(filter.slice(0, -ALL.length));
  });
}

export type DegradedCause = 'provider_unavailable' | 'refresh_in_doubt' | 'token_refused_by_api';

/** What every event of an account says of it. */
export interface EventAccount {
  readonly accountId: string;
  readonly connection: string;
  readonly provider: string;
  readonly identifier: string;
  /** Null or empty (as rows keep it) for none. */
  readonly organization: string | null;
}

/** An account's event with what it says beyond the common fields. Times are epoch milliseconds. */
export type AccountEvent =
  | {
      readonly type: 'agent.auth.reauth_required';
      readonly reason: string;
      /** The provider's code, never its text. */
      readonly providerError: string | null;
      readonly evidence: readonly string[];
      readonly subjectLabel: string | null;
      /** Null where no browser flow can repair the account. */
      readonly reauthUrl: string | null;
      readonly sinceMs: number;
      readonly lastRefreshedAtMs: number | null;
    }
  | { readonly type: 'agent.auth.succeeded'; readonly reconnected: boolean }
  | {
      readonly type: 'agent.auth.confirmation_required';
      /** What `confirm` and `reject` are called with; the confirm code went to the browser alone. */
      readonly sessionId: string;
      readonly subjectLabel: string | null;
    }
  | {
      readonly type: 'agent.approval_required';
      readonly agent: string;
      readonly approvalId: string;
      /** The link with which a person answers; null where the deployment does not say under which URL it is reached. */
      readonly approvalUrl: string | null;
      readonly action: string;
      readonly tool: string | null;
      readonly method: string | null;
      readonly path: string | null;
      readonly purpose: string | null;
      /** The rule's. */
      readonly reason: string | null;
      readonly expiresAtMs: number;
    }
  | {
      readonly type: 'agent.approval_decided';
      readonly agent: string;
      readonly approvalId: string;
      readonly status: 'approved' | 'denied' | 'expired';
      /** The operator, or `link`; null: nobody. */
      readonly decidedBy: string | null;
    }
  | { readonly type: 'connected_account.degraded'; readonly cause: DegradedCause }
  | { readonly type: 'connected_account.expiring'; readonly reauthDueAtMs: number }
  | {
      readonly type:
        | 'connected_account.refreshed'
        | 'connected_account.recovered'
        | 'connected_account.disabled'
        | 'connected_account.revoked'
        | 'connected_account.deleted';
    };
export type AccountEventType = AccountEvent['type'];

/** `data` of an event, in the wire's names. */
export type EventData = Readonly<Record<string, unknown>>;

/** `data` of an account's event. `sequence` rises by one per account and is the order of its events. */
export function accountEventData(account: EventAccount, sequence: number, event: AccountEvent): EventData {
  return {
    connected_account_id: account.accountId,
    connection: account.connection,
    provider: account.provider,
    identifier: account.identifier,
    organization: account.organization === '' ? null : account.organization,
    sequence,
    ...detailsOf(event),
  };
}

function detailsOf(event: AccountEvent): EventData {
  switch (event.type) {
    case 'agent.auth.reauth_required':
      return {
        reason: event.reason,
        provider_error: event.providerError,
        evidence: event.evidence,
        subject_label: event.subjectLabel,
        reauth_url: event.reauthUrl,
        since: isoTime(event.sinceMs),
        last_refreshed_at: isoTime(event.lastRefreshedAtMs),
      };
    case 'agent.auth.succeeded':
      return { reconnected: event.reconnected };
    case 'agent.auth.confirmation_required':
      return { session_id: event.sessionId, subject_label: event.subjectLabel };
    case 'agent.approval_required':
      return {
        agent: event.agent,
        approval_id: event.approvalId,
        approval_url: event.approvalUrl,
        action: event.action,
        tool: event.tool,
        method: event.method,
        path: event.path,
        purpose: event.purpose,
        reason: event.reason,
        expires_at: isoTime(event.expiresAtMs),
      };
    case 'agent.approval_decided':
      return {
        agent: event.agent,
        approval_id: event.approvalId,
        status: event.status,
        decided_by: event.decidedBy,
      };
    case 'connected_account.degraded':
      return { cause: event.cause };
    case 'connected_account.expiring':
      return { reauth_due_at: isoTime(event.reauthDueAtMs) };
    case 'connected_account.refreshed':
    case 'connected_account.recovered':
    case 'connected_account.disabled':
    case 'connected_account.revoked':
    case 'connected_account.deleted':
      return {};
  }
}

/** `data` of `connection.*`. `healthReason` is null once it has recovered. */
export function connectionEventData(connection: {
  connection: string;
  /** Whose own client it is about; null or left out: it is the connection's. */
  organization?: string | null;
  provider: string;
  healthReason: string | null;
}): EventData {
  const { provider, healthReason, organization = null } = connection;
  const whose = organization === null ? {} : { organization };
  return { connection: connection.connection, provider, health_reason: healthReason, ...whose };
}

/** What an agent met or did that it never had before. `observed` and `expected` are of the kind's own measure. */
export interface AgentAnomaly {
  readonly kind: 'tool_changed';
  readonly observed: string;
  readonly expected: readonly string[];
  readonly evidence: Readonly<Record<string, string>>;
}

/** `data` of `agent.anomaly`. */
export function anomalyEventData(
  agent: { agent: string; organization: string | null },
  { kind, observed, expected, evidence }: AgentAnomaly,
): EventData {
  return { ...agentEventData(agent), kind, observed, expected, evidence };
}

/** `data` of `agent.suspended`, and what every event of an agent says of it. */
export function agentEventData(agent: { agent: string; organization: string | null }): EventData {
  return { agent: agent.agent, organization: agent.organization === '' ? null : agent.organization };
}

/** `data` of `webhook.test`. */
export function testEventData(endpoint: string): EventData {
  return { endpoint };
}

/**
 * The body of an event. Made once and stored, so that every retry, to every endpoint, sends the same bytes: what is
 * parsed and written anew could come out in another order.
 */
export function eventBody(event: { type: EventType; atMs: number; data: EventData }): string {
  return JSON.stringify({ type: event.type, timestamp: isoTime(event.atMs), data: event.data });
}

/** The places of what is encrypted, in one file: writer and reader of a ciphertext must mean the same one. */

import type { Owner, Place } from './envelope.ts';

/** The owner part of every place in an account. `organization` is empty for none. */
export function accountOwner(accountId: string, organization: string, incarnation: number): Owner {
  return { kind: 'account', owner: accountId, organization, incarnation };
}

/** The same of an agent. */
export function agentOwner(agentId: string, organization: string, incarnation: number): Owner {
  return { kind: 'agent', owner: agentId, organization, incarnation };
}

/** The same of an object that carries out a revocation. `organization`: of its operators; empty for none. */
export function revocationOwner(revocationId: string, organization: string): Owner {
  return { kind: 'revocation', owner: revocationId, organization, incarnation: 1 };
}

/** `narrowed:` is followed by the scopes, sorted and joined by spaces. */
export type GrantField =
  | 'access_token'
  | 'refresh_token'
  /** What a machine grant asks with: in the column of a refresh token, and never presented as one. */
  | 'machine_credential'
  /** Somebody else's token that is exchanged for a grant, once: never presented as a refresh token. */
  | 'subject_token'
  | 'static_fields'
  | 'captured'
  | `narrowed:${string}`;

/** Where a credential of a grant belongs: grant id and generation are part of it. */
export function grantPlace(owner: Owner, grantId: number, field: GrantField, generation: number): Place {
  return { ...owner, field: `grant:${grantId}:${field}`, generation };
}

/** Connections belong to the deployment: one data key for all their secrets. */
export const CONNECTIONS_OWNER: Owner = { kind: 'connection', owner: '', organization: '', incarnation: 1 };

/** A client secret of a connection, by its position in the list of those in use. */
export function clientSecretPlace(connectionId: string, index: number): Place {
  return { ...CONNECTIONS_OWNER, field: `client_secret:${connectionId}:${index}`, generation: 0 };
}

/** The same of a client that an organization has for itself: under no other organization, connection or client id. */
export function ownClientSecretPlace(
  connectionId: string,
  { organization, clientId }: { readonly organization: string; readonly clientId: string },
  index: number,
): Place {
  const field = `own_client_secret:${JSON.stringify([connectionId, organization, clientId])}:${index}`;
  return { ...CONNECTIONS_OWNER, field, generation: 0 };
}

/** Webhook endpoints belong to organizations, their secrets share one data key: the row's MAC ties each to its own. */
export const WEBHOOKS_OWNER: Owner = { kind: 'webhook', owner: '', organization: '', incarnation: 1 };

/** A signing secret of an endpoint, by its position in the list of those in force, newest first. */
export function webhookSecretPlace(endpointId: string, index: number): Place {
  return { ...WEBHOOKS_OWNER, field: `webhook_secret:${endpointId}:${index}`, generation: 0 };
}

/** Where the PKCE verifier of a connect session belongs. */
export function verifierPlace(owner: Owner, sessionId: string): Place {
  return { ...owner, field: `connect:${sessionId}:verifier`, generation: 0 };
}

/** The secret of a request token that a browser carries (RFC 5849, 2.1), for one session of one connection. */
export function requestTokenPlace(connectionId: string, sessionId: string): Place {
  return { ...CONNECTIONS_OWNER, field: `request_token:${connectionId}:${sessionId}`, generation: 0 };
}

/** What the control plane keeps of its own (admin keys, audit heads, tools) is authenticated under a data key. */
export const CONTROL_OWNER: Owner = { kind: 'control', owner: '', organization: '', incarnation: 1 };

/** A tool's result under an idempotency key, by the id of its row: encrypted under the same data key. */
export function toolResultPlace(rowId: string): Place {
  return { ...CONTROL_OWNER, field: `tool_result:${rowId}`, generation: 0 };
}

/** The keys that sign the broker's own access tokens, under one data key of their own. */
export const SIGNING_OWNER: Owner = {
  kind: 'control',
  owner: 'signing',
  organization: '',
  incarnation: 1,
};

/** The private half of a signing key, by its thumbprint. */
export function signingKeyPlace(kid: string): Place {
  return { ...SIGNING_OWNER, field: `signing_key:${kid}`, generation: 0 };
}

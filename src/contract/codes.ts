/**
 * Every error code of the broker with its status and title; a new code does not compile without its row. `helps` is the
 * `detail` of a refusal that has none of its own: what the caller can do. It never depends on what is stored.
 */

export const CODES = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'No valid credential was given' },
  policy_denied: { status: 403, title: 'The policy of this agent does not allow this' },
  approval_required: {
    status: 403,
    title: 'A person has to approve this request',
    helps:
      'an operator or a holder of the approval link has to say yes: wait with GET /v1/approvals/{id}/wait, then send the same request again',
  },
  forbidden: { status: 403, title: 'This credential does not reach that far' },
  not_found: { status: 404, title: 'Not found', helps: 'nothing has this id, or this key may not see it' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    helps: 'this path takes the methods that the header Allow names',
  },
  reauth_required: {
    status: 409,
    title: 'The user must connect this account again',
    helps: 'only the user can repair it: send them to reauth_url, or make a connect link; do not retry',
  },
  account_pending: {
    status: 409,
    title: 'The account is not connected yet',
    helps: 'a user has to finish a connect link, or an operator has to import a credential',
  },
  account_disabled: {
    status: 409,
    title: 'The account is disabled',
    helps: 'an operator has disabled it and can enable it: POST /v1/connected-accounts/{id}/enable',
  },
  account_revoked: {
    status: 409,
    title: 'The account is revoked',
    helps: 'it stays so until somebody connects or imports anew',
  },
  account_sealed: { status: 409, title: 'The account is sealed' },
  record_corrupt: { status: 409, title: 'A stored record does not open' },
  session_used: {
    status: 409,
    title: 'The session has been used',
    helps: 'a link and its session work once: make a new connect link',
  },
  already_exists: { status: 409, title: 'It exists already' },
  conflict: { status: 409, title: 'The request conflicts with the present state' },
  link_expired: { status: 410, title: 'The link has expired', helps: 'make a new connect link' },
  too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The URL is too long' },
  upgrade_refused: {
    status: 426,
    title: 'No other protocol is spoken here',
    helps: 'the proxy forwards HTTP requests and streams, and no WebSocket',
  },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  subject_mismatch: { status: 422, title: 'Another subject answered' },
  credential_refused: {
    status: 422,
    title: 'The provider did not take this credential',
    helps: 'nothing was changed: what was there before is still used',
  },
  confirmation_failed: { status: 422, title: 'The confirmation failed' },
  idempotency_mismatch: { status: 422, title: 'Another payload under the same idempotency key' },
  invalid_parameters: { status: 422, title: 'The parameters are not valid' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: {
    status: 500,
    title: 'Internal error',
    helps: 'a bug of the broker, logged under the correlation id',
  },
  provider_error: { status: 502, title: 'The provider answered with something unusable' },
  token_echo_blocked: { status: 502, title: 'The answer held the credential' },
  provider_unavailable: {
    status: 503,
    title: 'The provider is not available',
    helps: 'there is no living token now; ask again after Retry-After seconds',
  },
  unavailable: { status: 503, title: 'A part of the broker is not available' },
  misconfigured_connection: {
    status: 503,
    title: 'The provider rejects the credentials of this connection',
    helps: 'the provider refuses its client id or secret: an operator has to correct the connection',
  },
  provider_timeout: {
    status: 504,
    title: 'The provider did not answer in time',
    helps: 'nobody knows whether the provider has acted on the request',
  },
  vault_locked: { status: 503, title: 'The vault is locked' },
} as const satisfies Record<string, { status: number; title: string; helps?: string }>;

export type Code = keyof typeof CODES;

/** Why a policy refused; the inner reason of `policy_denied`. */
export const DENY_REASONS = [
  'connection_not_allowed',
  'identifier_not_allowed',
  'scope_not_allowed',
  'action_not_allowed',
  'outside_hours',
  'path_not_allowed',
  'agent_suspended',
  'tool_not_allowed',
  'method_not_allowed',
  'policy_expired',
  'missing_scopes',
  'cannot_downscope',
  'organization_not_allowed',
  'purpose_missing',
  'approval_required',
  'approval_denied',
] as const;
export type DenyReason = (typeof DENY_REASONS)[number];

/** The `detail` of a `policy_denied` by its reason: what the caller or its operator can change. Says nothing of accounts. */
export const DENY_HELPS: Readonly<Partial<Record<DenyReason, string>>> = {
  connection_not_allowed: 'no rule of the agent names this connection: an operator changes its policy',
  identifier_not_allowed:
    'no rule of the agent allows this identifier: name another with ?identifier=, or have an operator change the policy',
  organization_not_allowed:
    'no rule of the agent for this connection names this organization: an operator of all organizations changes its policy',
  scope_not_allowed: 'no rule of the agent allows all the scopes that were asked for',
  action_not_allowed:
    'no rule of the agent allows this use of the account: one with `actions`, `tools` or `requests` may allow it for calls alone',
  tool_not_allowed: 'no rule of the agent for this account names this tool',
  method_not_allowed: 'no rule of the agent for this account allows requests of this method',
  path_not_allowed: 'no rule of the agent for this account allows this path with this method',
  outside_hours: 'the rule of the agent for this account has `hours`, and it is outside them now',
  policy_expired:
    'the rule of the agent for this account has ended (`not_after`): an operator changes its policy',
  purpose_missing: 'the rule of the agent for this account wants a reason: send it as X-Valetkey-Purpose',
  approval_required: 'a person has to say yes to this request first',
  approval_denied:
    'a person has said no to this request, and that stands for a while: do not send it again now',
  agent_suspended: 'an operator has suspended this agent and can let it go on',
  missing_scopes: 'fewer scopes were granted than asked for: ask for less, or have the user connect again',
};

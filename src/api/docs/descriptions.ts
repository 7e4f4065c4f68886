/** More words for routes whose summary says nearly all. A route that describes itself is left alone. */

const ACCOUNT = '/v1/connected-accounts/{id}';

export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'GET /healthz': 'Says nothing of what the broker needs to do its work: that is `/readyz`.',
  'GET /readyz':
    'One check per thing that a deployment needs, each with what to do where it is missing; a warning does not make it unready. Compares the host of this request with `BASE_URL`.',
  [`GET ${ACCOUNT}`]:
    'Asked of the account itself, so it is as of now. What belongs to another organization is 404, like what does not exist.',
  [`DELETE ${ACCOUNT}`]:
    'Grants, subject and metadata are erased. The chain of records stays, and `…/audit/verify` still walks it; the same triple can be created again.',
  [`PUT ${ACCOUNT}/credential`]:
    "A grant or key that you hold already. Its type must be the connection's; it replaces what the account had, and the account is `active` again. An OAuth import over a living grant, and one with a refresh token alone, is exchanged first: 422 `credential_refused` and 503 change nothing, and the same refresh token again is 200 and presents nothing. `verify: false` skips the exchange.",
  [`GET ${ACCOUNT}/audit/verify`]:
    'Every record holds the hash of the one before. Walked from the first record that is still kept; also for an account that was deleted.',
  [`POST ${ACCOUNT}/refresh`]:
    'Waits up to 12 s. 200 whatever the provider said; 503 with `Retry-After` soon after the last attempt, in an outage and in backoff; 409 for a credential that nothing can refresh.',
  [`POST ${ACCOUNT}/expire`]:
    'To rehearse recovery: the next request refreshes. Nobody is called, and the token itself lives on at the provider.',
  [`POST ${ACCOUNT}/disable`]:
    'Tokens are refused with 409 `account_disabled` and nothing is refreshed until it is enabled. Twice is once: one event.',
  [`POST ${ACCOUNT}/enable`]:
    'Back to the status before, moved on by what was learnt meanwhile. Twice is once: one event.',
  [`POST ${ACCOUNT}/revoke`]:
    'Tokens are refused with 409 `account_revoked` until somebody connects or imports anew. Twice is once: one event.',
  [`POST ${ACCOUNT}/seal`]:
    'One way: from then on no key, role or route returns the credential of this account.',
  'GET /v1/connections':
    'Connections belong to the deployment: every operator sees them all, and no secret of any.',
  'GET /v1/connections/{id}':
    '`redirect_uri` is what to register at the provider; `warnings` are worth reading once. Secrets are never answered.',
  'POST /v1/agents':
    'The id is a name of the deployment, the organization never changes. Without a policy everything is denied; with `key: true` the first key is answered, once.',
  'GET /v1/agents/{id}': 'Asked of the agent itself, so it is as of now.',
  'DELETE /v1/agents/{id}': 'Its keys are refused everywhere within one second. The id can be taken again.',
  'POST /v1/agents/{id}/suspend':
    'Every token is refused with `agent_suspended`, and the refusals are recorded. Twice is once.',
  'POST /v1/agents/{id}/resume': 'Its keys and its policy are as they were. Twice is once.',
  'POST /v1/agents/{id}/keys': 'At most twenty at a time. Only a digest of the key is stored.',
  'GET /v1/agents/{id}/keys': 'Ids and times: the keys themselves are stored nowhere.',
  'DELETE /v1/agents/{id}/keys/{key_id}': 'The other keys of the agent go on.',
  'GET /v1/agents/{id}/policy': 'A short form that was given is answered as the rules that it means.',
  'GET /v1/connect-sessions/{id}':
    'Where a connect flow stands, by the id that its link answered. The code to confirm it is not here: it went to the browser alone.',
  'POST /v1/connect-sessions/{id}/reject': 'Erases what the flow brought; the account stays as it was.',
  'DELETE /v1/admin-keys/{id}':
    '`ADMIN_KEY` itself is no such key: it is changed where the deployment keeps its secrets.',
  'GET /v1/providers':
    'What `provider` of a connection may name, beside `custom`. `variables` are what a connection has to say in its own `variables`.',
  'GET /v1/providers/{id}':
    'The facts with their sources; `unverified_fields` names those that nobody has seen at work.',
  'GET /v1/webhook-endpoints': 'Without their secrets.',
  'GET /v1/webhook-endpoints/{id}': 'Without its secrets. `status` says whether deliveries arrive.',
  'DELETE /v1/webhook-endpoints/{id}':
    'Deliveries that wait for it end with it; the events stay in `GET /v1/events`.',
  'POST /v1/webhook-endpoints/{id}/test':
    'Whatever its filters and its status. One attempt: it is not retried.',
  'GET /v1/webhook-deliveries':
    'One per event and endpoint, with its attempts. `failed` ones can be sent again.',
};

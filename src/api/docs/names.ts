/**
 * What an operation is called (`operationId`), under which heading it stands, and which callers may ask for it. All of
 * it is told from method and path, so that a new route has it without a word; a route's own description wins.
 */

/** The planes of `security`: `both` takes either proof, `none` asks for none. */
export type Plane = 'operator' | 'agent' | 'both' | 'none';

/** Requests of agents; the rest of `/v1` is the operators'. */
const OF_AGENTS = [
  /^\/v1\/agents\/\{agent_id\}\//,
  /^\/v1\/connected-accounts\/\{id\}\/(?:token$|proxy\/)/,
  /^\/v1\/tools(?:\/|$)/,
  /^\/mcp$/,
];

/** The callers that may ask, by the path alone. */
export function planeOf(path: string): Plane {
  if (OF_AGENTS.some((pattern) => pattern.test(path))) return 'agent';
  if (path.endsWith('/wait') || path === '/v1/approvals/{id}') return 'both';
  if (path.startsWith('/v1/signals/')) return 'none';
  return path.startsWith('/v1/') ? 'operator' : 'none';
}

interface Heading {
  readonly name: string;
  readonly description: string;
  /** The first that fits decides, so the narrow ones stand first. */
  readonly paths: RegExp;
}

/** In the order of the page. */
export const HEADINGS: readonly Heading[] = [
  {
    name: 'Tokens',
    description:
      'What agents ask for: a valid credential within their policy, or a problem whose `code` says whose turn it is.',
    paths:
      /^\/v1\/(?:connected-accounts\/\{id\}\/token|agents\/\{agent_id\}\/credentials(?:\/\{connection\})?)$/,
  },
  {
    name: 'Proxy and tools',
    description: 'The provider is called by the broker: the agent never holds the credential.',
    paths: /\/proxy\/|^\/v1\/tools|^\/mcp$/,
  },
  {
    name: 'Connections',
    description: 'An app at a provider: its client, its scopes, its redirect URI.',
    paths: /^\/v1\/connections/,
  },
  { name: 'Catalogue', description: 'Providers that the broker knows by name.', paths: /^\/v1\/providers/ },
  {
    name: 'Connecting',
    description: 'Links for users, the sessions that they open, and the pages of the flow.',
    paths: /^\/connect|^\/oauth\/callback|connect-link$|^\/v1\/connect-sessions/,
  },
  {
    name: 'Audit',
    description: 'Records of what was done, in chains that can be walked.',
    paths: /^\/v1\/audit-events|\/audit\//,
  },
  {
    name: 'Connected accounts',
    description: "A user's grant or key at a provider, under one identifier.",
    paths: /^\/v1\/(?:connected-accounts|credentials)/,
  },
  { name: 'Policies', description: 'What an agent may have. Deny by default.', paths: /\/policy(?:\/|$)/ },
  { name: 'Agents', description: 'Who asks for tokens, and with which keys.', paths: /^\/v1\/agents/ },
  {
    name: 'Webhooks and events',
    description: 'What happened, sent by Standard Webhooks and kept to be read again.',
    paths: /^\/v1\/(?:webhook|events)/,
  },
  {
    name: 'Approvals',
    description: 'Requests that go through after a person has said yes to exactly them.',
    paths: /^\/v1\/approvals|^\/approve/,
  },
  {
    name: 'Kill switch',
    description: 'Refuse everything that was issued before now.',
    paths: /^\/v1\/revocations/,
  },
  { name: 'Admin keys', description: 'Keys of operators, with roles.', paths: /^\/v1\/admin-keys/ },
  {
    name: 'Proofs',
    description: 'Short-lived tokens of the broker, and the keys that verify them.',
    paths: /^\/oauth\/|^\/\.well-known\/|^\/v1\/signing-keys/,
  },
  {
    name: 'Running it',
    description: 'Whether the broker is there and can do its work, and this contract.',
    paths: /./,
  },
];

export function headingOf(path: string): string {
  return HEADINGS.find(({ paths }) => paths.test(path))?.name ?? 'Running it';
}

/** Where the rule below would read badly. */
const CALLED: Readonly<Record<string, string>> = {
  'get /v1/connected-accounts/{id}/token': 'getToken',
  'get /v1/agents/{agent_id}/credentials/{connection}': 'getCredential',
  'get /v1/agents/{agent_id}/credentials': 'listUsableCredentials',
  'put /v1/credentials/{connection}': 'importCredential',
  'post /v1/credentials/import': 'importCredentials',
  'put /v1/connected-accounts/{id}/credential': 'importAccountCredential',
  'get /v1/connected-accounts/{id}/audit/verify': 'verifyAccountAudit',
  'get /v1/connected-accounts/{id}/wait': 'waitForAccount',
  'get /v1/connected-accounts/{id}/explain': 'explainAccount',
  'post /v1/connected-accounts/{id}/connect-link': 'createConnectLink',
  'post /v1/webhook-endpoints/{id}/rotate-secret': 'rotateWebhookSecret',
  'post /v1/directory/rebuild': 'rebuildDirectory',
  'post /v1/agents/{id}/policy/check': 'checkPolicy',
  'get /v1/agents/{id}/effective-access': 'listEffectiveAccess',
  'get /v1/agents/{id}/policy': 'getPolicy',
  'put /v1/agents/{id}/policy': 'replacePolicy',
  'get /v1/approvals/{id}/wait': 'waitForApproval',
  'get /approve/{token}': 'getApprovalPage',
  'post /approve/{token}/approve': 'approveByLink',
  'post /approve/{token}/deny': 'denyByLink',
  'get /v1/stats': 'getStats',
  'get /': 'getHome',
  'get /openapi.json': 'getOpenApi',
  'get /docs': 'getDocs',
  'get /docs/style.css': 'getDocsStyle',
  'get /docs/viewer.js': 'getDocsViewer',
  'get /healthz': 'getHealth',
  'get /readyz': 'getReadiness',
};

const VERBS: Readonly<Record<string, string>> = { put: 'replace', patch: 'update', delete: 'delete' };

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
const joined = (segment: string) =>
  segment
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '')
    .map(capital)
    .join('');
const singular = (segment: string) => segment.replace(/ies$/, 'y').replace(/s$/, '');

/**
 * `listAgents`, `getAgent`, `deleteAgentKey`, `suspendAgent`: a segment before a parameter is one of its kind, a last
 * segment behind one is its part (a plural: a list) or, under POST, what is done to it.
 */
export function operationIdOf(method: string, path: string): string {
  const called = CALLED[`${method} ${path}`];
  if (called !== undefined) return called;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== 'v1');
  const isParameter = (segment: string | undefined) => segment?.startsWith('{') === true;
  const last = segments.at(-1) ?? '';
  const things = segments.flatMap((segment, index) => {
    if (isParameter(segment)) return [];
    return [isParameter(segments[index + 1]) ? singular(segment) : segment];
  });
  const [first = 'root', ...rest] = things.map(joined);
  const whole = [first, ...rest].join('');
  const isPlural = !isParameter(last) && /[^s]s$/.test(last);
  if (method === 'get') return `${isPlural ? 'list' : 'get'}${whole}`;
  if (method !== 'post') return `${VERBS[method] ?? method}${whole}`;
  if (isPlural) return `create${singular(whole)}`;
  if (isParameter(last) || rest.length === 0) return `post${whole}`;
  const done = things.at(-1) ?? '';
  const doing = joined(done);
  return `${doing.slice(0, 1).toLowerCase()}${doing.slice(1)}${[first, ...rest].slice(0, -1).join('')}`;
}

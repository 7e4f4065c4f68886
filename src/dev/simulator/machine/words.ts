/**
 * How each provider of machine grants wants to be asked, and what it says: written by hand from its documents, beside
 * the catalogue's facts and not out of them, so that a fact which is wrong fails here. Pure.
 */

/** A field, a claim or a header value: exactly so, or of this form. */
export type Wanted = string | RegExp;

export interface AssertionWords {
  /** `assertion` in the body, or `Authorization: Bearer`. */
  readonly in: 'body' | 'bearer';
  readonly claims: Readonly<Record<string, Wanted>>;
  /** May stand there too. */
  readonly also?: readonly string[];
  /** From `iat` to `exp`, in seconds. */
  readonly longestS: number;
  readonly kid: 'required' | 'allowed';
}

export interface Words {
  readonly format: 'form' | 'json';
  /** How the client proves itself; `id`: it is only named. */
  readonly client: 'basic' | 'body' | 'id' | 'none';
  /** All fields beside the client's and `assertion`; nothing else is taken. */
  readonly fields: Readonly<Record<string, Wanted>>;
  readonly also?: readonly string[];
  readonly assertion?: AssertionWords;
  /** Whose token it is: a field of the body, a claim, a part of the path; else the client. */
  readonly account?: { readonly field: string } | { readonly claim: string } | 'path';
  readonly success: (token: string, ttlS: number, nowMs: number, asked: Asked) => [number, object];
  readonly dead: readonly [number, object];
  readonly refusedClient: readonly [number, object];
  /** Extra headers of the token request, which the API asks for. */
  readonly headers?: Readonly<Record<string, Wanted>>;
}

/** What the request asked for. */
export interface Asked {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const bearer = (token: string, ttlS: number): [number, object] => [
  200,
  { access_token: token, token_type: 'Bearer', expires_in: ttlS },
];
const INVALID_CLIENT: readonly [number, object] = [401, { error: 'invalid_client' }];
const INVALID_GRANT: readonly [number, object] = [400, { error: 'invalid_grant' }];
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' };
const common = { format: 'form', dead: INVALID_GRANT, refusedClient: INVALID_CLIENT } as const;

const docusign = (aud: string): Words => ({
  ...common,
  client: 'none',
  fields: { grant_type: JWT_BEARER },
  assertion: {
    in: 'body',
    claims: { iss: /.+/, sub: /.+/, aud, scope: 'signature impersonation' },
    longestS: 3600,
    kid: 'allowed',
  },
  account: { claim: 'iss' },
  success: bearer,
  dead: [400, { error: 'invalid_grant', error_description: 'user_not_found' }],
});

const salesforce = (aud: string): Words => ({
  ...common,
  client: 'id',
  fields: { grant_type: JWT_BEARER },
  assertion: {
    in: 'body',
    claims: { iss: /.+/, sub: /.+/, aud },
    also: ['jti'],
    longestS: 300,
    kid: 'allowed',
  },
  account: { claim: 'iss' },
  // It says no lifetime.
  success: (token) => [
    200,
    {
      access_token: token,
      scope: 'api id',
      instance_url: 'https://acme.my.salesforce.com',
      id: 'https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA',
      token_type: 'Bearer',
    },
  ],
  dead: [400, { error: 'invalid_grant', error_description: "user hasn't approved this consumer" }],
});

export const WORDS: Readonly<Record<string, Words>> = {
  'zoom-server-to-server': {
    ...common,
    client: 'basic',
    fields: { grant_type: 'account_credentials', account_id: /^[A-Za-z0-9_-]{10,40}$/ },
    success: bearer,
    refusedClient: [400, { reason: 'Invalid client_id or client_secret', error: 'invalid_client' }],
  },
  'twilio-oauth': { ...common, client: 'body', fields: CLIENT_CREDENTIALS, success: bearer },
  'xero-custom-connection': { ...common, client: 'basic', fields: CLIENT_CREDENTIALS, success: bearer },
  'databricks-m2m': {
    ...common,
    client: 'basic',
    fields: { ...CLIENT_CREDENTIALS, scope: 'all-apis' },
    success: bearer,
  },
  'shopify-client-credentials': {
    ...common,
    client: 'body',
    fields: CLIENT_CREDENTIALS,
    success: (access_token, expires_in) => [200, { access_token, scope: 'read_products', expires_in }],
  },
  'microsoft-app-only': {
    ...common,
    client: 'body',
    fields: { ...CLIENT_CREDENTIALS, scope: 'https://graph.microsoft.com/.default' },
    success: (access_token, expires_in) => [
      200,
      { token_type: 'Bearer', expires_in, ext_expires_in: expires_in, access_token },
    ],
    refusedClient: [
      401,
      {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret',
        error_codes: [7000215],
      },
    ],
  },
  'greenhouse-v3': {
    ...common,
    format: 'json',
    client: 'basic',
    fields: { ...CLIENT_CREDENTIALS, sub: /^\d+$/ },
    success: bearer,
  },
  'box-ccg': {
    ...common,
    client: 'body',
    fields: { ...CLIENT_CREDENTIALS, box_subject_type: /^(enterprise|user)$/, box_subject_id: /^\d+$/ },
    success: bearer,
    dead: [400, { error: 'invalid_grant', error_description: 'Grant credentials are invalid' }],
    refusedClient: [
      400,
      { error: 'invalid_client', error_description: 'The client credentials are invalid' },
    ],
  },
  'google-service-account': {
    ...common,
    client: 'none',
    fields: { grant_type: JWT_BEARER },
    assertion: {
      in: 'body',
      claims: {
        iss: /^[^@]+@[^@]+\.iam\.gserviceaccount\.com$/,
        aud: 'https://oauth2.googleapis.com/token',
        scope: /^\S+( \S+)*$/,
      },
      also: ['sub'],
      longestS: 3600,
      kid: 'allowed',
    },
    account: { claim: 'iss' },
    success: bearer,
    dead: [400, { error: 'invalid_grant', error_description: 'Invalid grant: account not found' }],
  },
  'salesforce-jwt': salesforce('https://login.salesforce.com'),
  'salesforce-sandbox-jwt': salesforce('https://test.salesforce.com'),
  'box-jwt': {
    ...common,
    client: 'body',
    fields: { grant_type: JWT_BEARER },
    assertion: {
      in: 'body',
      claims: {
        iss: /.+/,
        sub: /^\d+$/,
        box_sub_type: /^(enterprise|user)$/,
        aud: 'https://api.box.com/oauth2/token',
        jti: /^.{16,128}$/,
      },
      longestS: 60,
      kid: 'required',
    },
    account: { claim: 'iss' },
    success: bearer,
    dead: [
      400,
      {
        error: 'unauthorized_client',
        error_description: 'This app is not authorized by the enterprise admin',
      },
    ],
  },
  'docusign-jwt': docusign('account.docusign.com'),
  'docusign-demo-jwt': docusign('account-d.docusign.com'),
  'github-app-installation': {
    format: 'json',
    client: 'none',
    fields: {},
    also: ['permissions', 'repositories'],
    assertion: { in: 'bearer', claims: { iss: /.+/ }, longestS: 600, kid: 'allowed' },
    account: 'path',
    success: (token, ttlS, nowMs, { fields }) => [
      201,
      {
        token,
        // Whole seconds, as it writes them.
        expires_at: `${new Date(nowMs + ttlS * 1000).toISOString().slice(0, 19)}Z`,
        permissions: { ...((fields['permissions'] as object | undefined) ?? HAS), metadata: 'read' },
        ...(Array.isArray(fields['repositories'])
          ? {
              repository_selection: 'selected',
              repositories: fields['repositories'].map((name: unknown, id) => ({ id, name })),
            }
          : { repository_selection: 'all' }),
      },
    ],
    dead: [404, gitHub('Not Found', 404)],
    refusedClient: [401, gitHub('A JSON web token could not be decoded', 401)],
  },
  'metabase-session': {
    format: 'json',
    client: 'none',
    fields: { username: /.+/, password: /.+/ },
    account: { field: 'username' },
    success: (id) => [200, { id }],
    dead: [401, { errors: { password: 'did not match stored password' } }],
    refusedClient: [401, { errors: { password: 'did not match stored password' } }],
  },
};

/** What the installation was given. */
const HAS = { contents: 'write', issues: 'write' };

function gitHub(message: string, status: number): object {
  return { message, documentation_url: 'https://docs.github.com/rest', status: String(status) };
}

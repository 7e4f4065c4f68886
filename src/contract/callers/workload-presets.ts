/**
 * Where workloads run that prove themselves with a token of their platform: by which issuer each platform's tokens are
 * known, what their subject names, and which part of it names the owner. A `*` may stand behind that part alone: before
 * it the pattern lets strangers in, because everybody may have such tokens from the same issuer. Data alone.
 *
 * The claim that is compared is `sub` for all of them: an e-mail address or a name beside it may be given to another.
 */

export const PRESET_NAMES = [
  'github_actions',
  'gitlab_ci',
  'kubernetes',
  'google',
  'aws',
  'azure',
  'vercel',
  'fly_io',
  'spiffe',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export interface WorkloadPreset {
  readonly name: PresetName;
  /** As people call it. */
  readonly title: string;
  /** An issuer of it, for people. */
  readonly issuer: string;
  /** The issuers that are known to be this platform's; null: each deployment of it has its own. */
  readonly issuers: RegExp | null;
  /** The beginning of a subject, up to the end of what names its owner. */
  readonly owner: RegExp;
  /** The whole subject, where only one form of it is stable; then it takes no `*`. */
  readonly whole?: RegExp;
  /** What the subject must begin with, in words, for a refusal. */
  readonly begins: string;
  /** A subject that lets in what it names and nothing else. */
  readonly safe: string;
  /** A subject that is refused, because it lets strangers in. */
  readonly refused: string;
  /** Where the platform documents its subject. */
  readonly source: string;
}

const SERVICE_ACCOUNT = 'system:serviceaccount:[a-z0-9][a-z0-9.-]*:';
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

export const WORKLOAD_PRESETS: readonly WorkloadPreset[] = [
  {
    name: 'github_actions',
    title: 'GitHub Actions',
    issuer: 'https://token.actions.githubusercontent.com',
    issuers: /^https:\/\/token\.actions\.githubusercontent\.com(?:\/[A-Za-z0-9-]+)?$/,
    // The second form of an owner is that of repositories made, renamed or moved since 2026-07-15, where the owner's id
    // stands behind its name. A subject made of other claims begins with the owner's or the repository's as well.
    owner:
      /^(?:repo:[A-Za-z0-9_-]+(?:@\d+)?\/|repository_owner:[A-Za-z0-9_-]+(?::|$)|repository:[A-Za-z0-9_-]+\/|repository_(?:owner_)?id:\d+(?::|$))/,
    begins: '`repo:` and the owner, with its id where the subject has one: `repo:acme/`, `repo:acme@1234/`',
    safe: 'repo:acme/agent:ref:refs/heads/main',
    refused: 'repo:*',
    source: 'https://docs.github.com/en/actions/reference/security/oidc',
  },
  {
    name: 'gitlab_ci',
    title: 'GitLab CI',
    issuer: 'https://gitlab.com',
    issuers: /^https:\/\/gitlab\.com$/,
    owner: /^project_path:[A-Za-z0-9_][A-Za-z0-9_.-]*\//,
    begins: '`project_path:` and the top group: `project_path:acme/`',
    safe: 'project_path:acme/agent:ref_type:branch:ref:main',
    refused: 'project_path:*:ref_type:branch:ref:main',
    source: 'https://docs.gitlab.com/ci/secrets/id_token_authentication/',
  },
  {
    name: 'kubernetes',
    title: 'Kubernetes',
    issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF',
    issuers:
      /^https:\/\/(?:oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/id\/[0-9A-F]+|container\.googleapis\.com\/v1\/projects\/.+|[a-z0-9-]+\.oic\.prod-aks\.azure\.com\/.+)$/,
    owner: new RegExp(`^${SERVICE_ACCOUNT}`),
    begins: '`system:serviceaccount:` and the namespace: `system:serviceaccount:agents:`',
    safe: 'system:serviceaccount:agents:crm-agent',
    refused: 'system:serviceaccount:*',
    source: 'https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/',
  },
  {
    name: 'google',
    title: 'Google Cloud',
    issuer: 'https://accounts.google.com',
    issuers: /^https:\/\/accounts\.google\.com$/,
    owner: /^\d{6,30}$/,
    whole: /^\d{6,30}$/,
    begins: 'the numeric id of the service account, and nothing else (its e-mail address is no subject)',
    safe: '113774264463038321964',
    refused: '*',
    source: 'https://cloud.google.com/docs/authentication/token-types#id',
  },
  {
    name: 'aws',
    title: 'Amazon Web Services',
    issuer: 'https://0a1b2c3d-0000-4000-8000-000000000000.tokens.sts.global.api.aws',
    issuers:
      /^https:\/\/(?:[0-9a-z-]+\.tokens\.sts\.[a-z0-9.-]+|oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/id\/[0-9A-F]+)$/,
    owner: new RegExp(`^(?:arn:aws[a-z-]*:(?:iam|sts)::\\d{12}:|${SERVICE_ACCOUNT})`),
    begins:
      'the ARN with the number of the account (`arn:aws:iam::123456789012:`), or a service account of the cluster with its namespace',
    safe: 'arn:aws:iam::123456789012:role/crm-agent',
    refused: 'arn:aws:iam::*',
    source:
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_getting_started.html',
  },
  {
    name: 'azure',
    title: 'Microsoft Entra ID',
    issuer: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
    issuers: new RegExp(
      `^https://(?:login\\.microsoftonline\\.com/${GUID}/v2\\.0|sts\\.windows\\.net/${GUID}/)$`,
    ),
    owner: new RegExp(`^${GUID}$`),
    whole: new RegExp(`^${GUID}$`),
    begins: 'the object id of the managed identity or service principal, and nothing else',
    safe: '4f2e9c1a-7b3d-4e5f-8a6b-1c2d3e4f5a6b',
    refused: '*',
    source: 'https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference',
  },
  {
    name: 'vercel',
    title: 'Vercel',
    issuer: 'https://oidc.vercel.com/acme',
    issuers: /^https:\/\/oidc\.vercel\.com(?:\/[a-z0-9-]+)?$/,
    owner: /^owner:[a-z0-9-]+:/,
    begins: '`owner:` and the team: `owner:acme:`',
    safe: 'owner:acme:project:agent:environment:production',
    refused: 'owner:*',
    source: 'https://vercel.com/docs/oidc/reference',
  },
  {
    name: 'fly_io',
    title: 'Fly.io',
    issuer: 'https://oidc.fly.io/acme',
    issuers: /^https:\/\/oidc\.fly\.io\/[a-z0-9-]+$/,
    owner: /^[a-z0-9-]+:/,
    begins: 'the organization: `acme:`',
    safe: 'acme:agent:*',
    refused: '*',
    source: 'https://fly.io/docs/security/openid-connect/',
  },
  {
    name: 'spiffe',
    title: 'SPIFFE',
    issuer: 'https://oidc-discovery.acme.example',
    issuers: null,
    owner: /^spiffe:\/\/[a-z0-9._-]+\//,
    begins: '`spiffe://` and the trust domain: `spiffe://acme.example/`',
    safe: 'spiffe://acme.example/ns/agents/sa/crm-agent',
    refused: 'spiffe://*',
    source: 'https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md',
  },
];

/**
 * Other issuers that everybody may have tokens of, and how their subjects begin: no preset, but a pattern that does not
 * name its owner is refused as well.
 */
export const OTHER_PUBLIC_ISSUERS: readonly Pick<
  WorkloadPreset,
  'title' | 'issuers' | 'owner' | 'begins' | 'safe'
>[] = [
  {
    title: 'Buildkite',
    issuers: /^https:\/\/agent\.buildkite\.com$/,
    owner: /^organization:[A-Za-z0-9_-]+:/,
    begins: '`organization:` and the organization: `organization:acme:`',
    safe: 'organization:acme:pipeline:agent:*',
  },
  {
    title: 'HCP Terraform',
    issuers: /^https:\/\/app(?:\.eu)?\.terraform\.io$/,
    owner: /^organization:[A-Za-z0-9_-]+:/,
    begins: '`organization:` and the organization: `organization:acme:`',
    safe: 'organization:acme:*',
  },
];

/** Issuers of every tenant at once: their metadata names a tenant that their tokens then do not have. */
export const ISSUERS_OF_ALL =
  /^https:\/\/(?:login\.microsoftonline\.com|sts\.windows\.net)\/(?:common|organizations|consumers|\{tenantid\})(?:\/|$)/i;

const presetNamed = (name: string): WorkloadPreset | null =>
  WORKLOAD_PRESETS.find((preset) => preset.name === name) ?? null;

/**
 * The preset by whose rules a subject is judged: the one that was named, else the one whose issuer this is. `foreign`:
 * the issuer is known to be another platform's than the one that was named. Null: nothing is known of it.
 */
export function presetOf(issuer: string, named: string | undefined): WorkloadPreset | 'foreign' | null {
  const known = WORKLOAD_PRESETS.filter(({ issuers }) => issuers?.test(issuer) === true);
  if (named === undefined) return known[0] ?? null;
  const preset = presetNamed(named);
  return known.length === 0 || known.some(({ name }) => name === named) ? preset : 'foreign';
}

/**
 * By what an agent proves itself beside its keys, as operators write it: keys of its own, workloads of issuers that are
 * trusted for it, a client certificate. Only what is public stands here.
 */

import { z } from '@hono/zod-openapi';
import { issuerProblem, MAX_SUBJECT, subjectProblem } from './subject-pattern.ts';
import { PRESET_NAMES, presetOf } from './workload-presets.ts';

const MAX_JWKS_BYTES = 16 * 1024;
const MAX_KEYS = 20;
const MAX_TRUSTS = 10;
const MAX_URL = 2048;
const MAX_AUDIENCE = 512;
/** A modulus of 2048 bits in base64url. */
const LEAST_MODULUS = 342;

const printable = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\x21-\x7e]+$/, { error: 'must be printable characters without space' });

const Trust = z.strictObject({
  issuer: printable(MAX_URL).openapi({
    description: 'The `iss` of its tokens, byte for byte. It is asked for its keys at the first proof.',
    example: 'https://token.actions.githubusercontent.com',
  }),
  subject: printable(MAX_SUBJECT).openapi({
    description:
      'The `sub` of its tokens. `*` at the end stands for any rest; with a preset it may stand anywhere behind the part that names the owner, before the end for characters of one part, without `:` and `/`. A pattern that lets strangers in is refused.',
    example: 'repo:acme/agent:ref:refs/heads/main',
  }),
  audience: printable(MAX_AUDIENCE).openapi({
    description: 'The `aud` of its tokens: exactly this one.',
    example: 'https://broker.example.com',
  }),
  preset: z.enum(PRESET_NAMES).optional().openapi({
    description:
      'By which rules `subject` is judged. Left out: those of the platform whose issuer it is, where that is known.',
    example: 'github_actions',
  }),
});

const OidcTrust = Trust.superRefine((trust, context) => {
  const { issuer, subject, preset } = trust;
  const at = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (!URL.canParse(issuer) || /[?#]/.test(issuer)) at('issuer', 'must be a URL without query and fragment');
  const ofIssuer = issuerProblem(issuer);
  if (ofIssuer !== null) at('issuer', ofIssuer);
  if (presetOf(issuer, preset) === 'foreign') at('preset', 'is not the platform whose issuer this is');
  const ofSubject = subjectProblem(issuer, subject, preset);
  if (ofSubject !== null) at('subject', ofSubject);
}).openapi('OidcTrust');
export type OidcTrust = z.infer<typeof Trust>;

const OidcTrusts = z.array(OidcTrust).min(1).max(MAX_TRUSTS);
/** One workload, or several: answered in the form in which it was given. */
const OidcEither = z.union([OidcTrust, OidcTrusts]);

/** Judged in its own form, so that a refusal names the field and not both forms. */
const Oidc = z.preprocess((body, context) => {
  const judged = (Array.isArray(body) ? OidcTrusts : OidcTrust).safeParse(body);
  if (judged.success) return body;
  for (const issue of judged.error.issues) context.addIssue({ ...issue } as never);
  return z.NEVER;
}, OidcEither);

/** What a JSON Web Key must not have here: it is secret (RFC 7518, 6.2.2, 6.3.2, 6.4). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const CURVES: Readonly<Record<string, readonly string[]>> = {
  EC: ['P-256', 'P-384', 'P-521'],
  OKP: ['Ed25519'],
};

type Jwk = Readonly<Record<string, unknown>>;

const isBase64url = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]+$/.test(value);

function keyProblem(key: Jwk): readonly [member: string, message: string] | null {
  const secret = PRIVATE_MEMBERS.find((name) => name in key);
  if (secret !== undefined) return [secret, 'is private: give the public key alone, and replace this one'];
  if ('use' in key && key['use'] !== 'sig') return ['use', 'must be sig'];
  const { kty } = key;
  if (kty === 'RSA') {
    if (!isBase64url(key['n']) || key['n'].length < LEAST_MODULUS)
      return ['n', 'must have at least 2048 bits'];
    return isBase64url(key['e']) ? null : ['e', 'must be base64url'];
  }
  const curves = typeof kty === 'string' ? CURVES[kty] : undefined;
  if (curves === undefined) return ['kty', 'must be RSA, EC or OKP'];
  if (!curves.includes(String(key['crv']))) return ['crv', `must be one of ${curves.join(', ')}`];
  if (!isBase64url(key['x'])) return ['x', 'must be base64url'];
  return kty === 'EC' && !isBase64url(key['y']) ? ['y', 'must be base64url'] : null;
}

const Jwks = z
  .strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_KEYS) })
  .superRefine(({ keys }, context) => {
    if (new TextEncoder().encode(JSON.stringify(keys)).length > MAX_JWKS_BYTES)
      context.addIssue({ code: 'custom', message: `must have at most ${MAX_JWKS_BYTES} bytes as JSON` });
    const kids = keys.map((key) => key['kid']);
    for (const [index, key] of keys.entries()) {
      const problem = keyProblem(key);
      if (problem !== null)
        context.addIssue({ code: 'custom', path: ['keys', index, problem[0]], message: problem[1] });
      if (typeof key['kid'] !== 'string' ? keys.length > 1 || 'kid' in key : kids.indexOf(key['kid']) < index)
        context.addIssue({
          code: 'custom',
          path: ['keys', index, 'kid'],
          message: 'must be a text that no other key of the set has',
        });
    }
  })
  .openapi('Jwks', { description: 'RFC 7517. Public keys alone.' });
export type Jwks = z.infer<typeof Jwks>;

/** 64 hexadecimal digits, with or without the colons that `openssl` writes, or 43 characters of base64url (RFC 8705). */
const THUMBPRINT = /^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){31}|[A-Za-z0-9_-]{43})$/;

/** A thumbprint as it is stored and answered: 64 hexadecimal digits in lower case. */
export function thumbprintOf(text: string): string {
  if (text.length !== 43) return text.replaceAll(':', '').toLowerCase();
  const bytes = atob(`${text.replaceAll('-', '+').replaceAll('_', '/')}=`);
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** What a body says of the four; null removes, left out stays. */
export const PROOF_FIELDS = {
  jwks: Jwks.nullish().openapi({
    description: 'The public keys of the agent, for `private_key_jwt`. Not together with `jwks_uri`.',
  }),
  jwks_uri: printable(MAX_URL).nullish().openapi({
    description: 'Where the agent publishes its public keys. Not together with `jwks`.',
    example: 'https://agent.example.com/jwks.json',
  }),
  oidc: Oidc.nullish(),
  certificate_thumbprint: z
    .string()
    .regex(THUMBPRINT, { error: 'must be the SHA-256 thumbprint: 64 hexadecimal digits or 43 of base64url' })
    .nullish()
    .openapi({
      description:
        'SHA-256 of the client certificate that proves the agent, in hexadecimal or base64url; answered in hexadecimal.',
      example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    }),
};

/** The four of an answer. */
export const SHOWN_PROOFS = {
  jwks: Jwks.nullable(),
  jwks_uri: z.string().nullable(),
  oidc: OidcEither.nullable(),
  certificate_thumbprint: z.string().nullable(),
};

/** An agent's proofs as they are stored: null where it has none. */
export interface AgentProofs {
  readonly jwks: Jwks | null;
  readonly jwks_uri: string | null;
  readonly oidc: OidcTrust | OidcTrust[] | null;
  readonly certificate_thumbprint: string | null;
}

/** As they are stored: a field that is not known here may restrict more, and is not guessed at. */
export const StoredProofs = z.strictObject({
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
  jwks_uri: z.string().nullable(),
  oidc: z.union([Trust, z.array(Trust)]).nullable(),
  certificate_thumbprint: z.string().nullable(),
});

export const NO_PROOFS: AgentProofs = {
  jwks: null,
  jwks_uri: null,
  oidc: null,
  certificate_thumbprint: null,
};

/** The workloads that are trusted for an agent, in either form. */
export function trustsOf(oidc: AgentProofs['oidc']): readonly OidcTrust[] {
  if (oidc === null) return [];
  return Array.isArray(oidc) ? oidc : [oidc];
}

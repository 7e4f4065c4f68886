/**
 * Credentials that nobody renews, as they are brought: what all of them may say of themselves, and those that only sign.
 */

import { z } from '@hono/zod-openapi';
import { IsoTime } from '../time.ts';
import { FieldValue, ScopeText, Token, Verify } from './fields.ts';

const DeclaredScope = ScopeText.nullish().openapi({
  description:
    'What the provider lets this credential do, in your words: rules with `scopes` are compared with it. Left out: the `scopes` of the connection.',
  example: 'read',
});

const End = IsoTime.nullish().openapi({
  description:
    'When the credential ends, as you know it. It is warned of like the end of a grant (`connected_account.expiring`), and from then on the account says `reauth_required` and serves it no more. In the past: 400.',
  example: '2027-03-01T00:00:00Z',
});

/** Of every credential that nobody renews. */
export const Declared = { ...Verify, scope: DeclaredScope, expires_at: End };

/** The two kinds of place that a credential may lie in, and the beginning of every name there. */
const SOURCE_KINDS = ['env', 'secrets-store'] as const;
const SOURCE_PREFIX = 'CREDENTIAL_';
const SOURCE = new RegExp(`^(?:${SOURCE_KINDS.join('|')}):${SOURCE_PREFIX}[A-Z0-9_]{1,100}$`);

/** Where a credential lies in the place of being stored here. */
export const Source = z
  .string()
  .regex(
    SOURCE,
    `must be env:NAME or secrets-store:NAME with a NAME that begins with ${SOURCE_PREFIX}: other secrets of the deployment are not for accounts`,
  )
  .openapi({
    description:
      'In the place of the value: the name of a secret of the Worker (`env:`) or of a binding to a Secrets Store (`secrets-store:`), which is read at use and never stored here. Names begin with `CREDENTIAL_`. Operators of an organization cannot name one: 403.',
    example: 'env:CREDENTIAL_PINECONE',
  });

const AwsKey = z
  .string()
  .regex(/^[A-Za-z0-9_]{4,128}$/, 'must be an access key id')
  .openapi({ example: 'AKIAIOSFODNN7EXAMPLE' });

/** The members of the union by `type`, beside the others. */
export const SIGNED_CREDENTIALS = [
  z.strictObject({
    type: z.literal('oauth1'),
    ...Declared,
    token: Token.openapi({
      description: 'The access token of OAuth 1.0 (RFC 5849).',
      example: '7588892-kagSNqWge8gB1WwE3plnFsJHAZVfxWD7Vb',
    }),
    token_secret: FieldValue.min(1),
  }),
  z.strictObject({
    type: z.literal('aws'),
    ...Declared,
    access_key_id: AwsKey,
    secret_access_key: Token,
    session_token: Token.nullish().openapi({
      description: 'Of a temporary key; such a key ends soon: say when, with `expires_at`.',
      example: 'IQoJb3JpZ2luX2VjEJr',
    }),
    region: z
      .string()
      .regex(/^[a-z0-9]+(?:-[a-z0-9]+){0,5}$/, 'must be a region, such as eu-central-1')
      .max(40)
      .openapi({
        description: 'Where the signature holds. One that is not of this API: 400.',
        example: 'eu-central-1',
      }),
  }),
] as const;

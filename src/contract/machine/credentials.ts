/**
 * Credentials of machines as they are brought: what asks a token endpoint for a token, without any user. Which fields a
 * provider needs is in its facts (`credential_fields`); here they are only bounded.
 */

import { z } from '@hono/zod-openapi';
import { FieldValue, ScopeText, Token, Verify } from './fields.ts';

const Asked = ScopeText.nullish().openapi({
  description: "What is asked for. Left out: the connection's `scopes`, else the provider's usual ones.",
  example: 'https://www.googleapis.com/auth/drive.readonly',
});

const MAX_MEMBERS = 40;
/** A key has more characters than a token; the rest of a key file is short. */
const Member = z.union([z.string().max(16_384, 'must be at most 16 KiB'), z.number(), z.boolean(), z.null()]);

const ServiceAccount = z
  .record(z.string().min(1).max(100), Member)
  .refine((members) => Object.keys(members).length <= MAX_MEMBERS, `must have at most ${MAX_MEMBERS} members`)
  .openapi({
    type: 'object',
    additionalProperties: true,
    description:
      "The key file as the provider gave it, parsed; where it gives none, an object with `private_key` (PEM) and the fields that `credential_fields` of the provider name. Members that nobody needs are not stored. No call goes to its `token_uri`: that has to be the provider's.",
    example: {
      client_email: 'robot@project.iam.gserviceaccount.com',
      private_key: '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n',
    },
  });

const Repository = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,100}$/, "must be a repository's name without its owner");

/** The members of the union by `type`, beside those of users' and static credentials. */
export const MACHINE_CREDENTIALS = [
  z.strictObject({
    type: z.literal('oauth2_client_credentials'),
    ...Verify,
    client_id: Token.nullish().openapi({
      description: "A client of the account's own. Left out: the connection's asks.",
      example: 'client_8f3b',
    }),
    client_secret: FieldValue.min(1).nullish(),
    subject: FieldValue.min(1).nullish().openapi({
      description: 'Whom the token is for, where the provider asks (a user, an enterprise).',
      example: '1234567',
    }),
    scope: Asked,
  }),
  z.strictObject({
    type: z.literal('jwt_bearer'),
    ...Verify,
    service_account: ServiceAccount,
    subject: FieldValue.min(1).nullish().openapi({
      description: 'The user in whose name it acts: `sub` of the assertion (domain-wide delegation).',
      example: 'ada@example.com',
    }),
    scope: Asked,
  }),
  z.strictObject({
    type: z.literal('github_app_installation'),
    ...Verify,
    installation_id: z
      .union([z.string().regex(/^[1-9]\d{0,19}$/, 'must be a number'), z.int().min(1)])
      .openapi({ type: 'string', example: '4711' }),
    repositories: z
      .array(Repository)
      .min(1)
      .max(100)
      .nullish()
      .openapi({
        description: 'Tokens reach these alone. Left out: all that the installation reaches.',
        example: ['docs'],
      }),
    scope: Asked,
  }),
  z.strictObject({
    type: z.literal('session_token'),
    ...Verify,
    username: FieldValue.min(1),
    password: FieldValue.min(1),
  }),
] as const;

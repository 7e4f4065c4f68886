/** Wire shapes of the connect flow: links, sessions, and the operator's decision about who finished one. */

import { z } from '@hono/zod-openapi';
import { VERIFICATIONS } from './connections.ts';
import { IsoTime } from '../time.ts';

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_SCOPES_CHARS = 4096;
const MAX_SUBJECT = 512;
export const LINK_SECONDS = { least: 60, most: 86_400, default: 600 } as const;

export const CreateConnectLink = z
  .strictObject({
    scopes: z
      .array(z.string().max(256).regex(SCOPE, 'must be printable ASCII without space, " and \\'))
      .min(1)
      .max(200)
      .refine((scopes) => scopes.join(' ').length <= MAX_SCOPES_CHARS, {
        error: `must have at most ${MAX_SCOPES_CHARS} characters together`,
      })
      .nullish()
      .openapi({
        description: "What to ask for; aliases count. Left out: the connection's own.",
        example: ['contacts.read'],
      }),
    return_url: z.string().max(2048).nullish().openapi({
      description: "Exactly one of the connection's `return_urls`; left out: a page of ours shows the code.",
      example: 'https://app.example.com/connected',
    }),
    expires_in: z
      .number()
      .int()
      .min(LINK_SECONDS.least)
      .max(LINK_SECONDS.most)
      .nullish()
      .openapi({ description: 'Seconds until the link ends unopened; default 600.', example: 600 }),
    verification: z.enum(VERIFICATIONS).nullish().openapi({
      description:
        "Left out: the connection's, or `subject` where the link names one. `none` only where the deployment allows unverified links.",
    }),
    expected_subject: z.string().min(1).max(MAX_SUBJECT).nullish().openapi({
      description: "The provider's own id of who has to sign in.",
    }),
    expected_email: z
      .string()
      .max(320)
      .regex(/^[^\s@]{1,64}@[^\s@]{1,255}$/, 'must be an e-mail address')
      .nullish()
      .openapi({ description: 'Counts only where the provider vouches for the address.' }),
    allow_subject_change: z.boolean().nullish().openapi({
      description: 'Another user of the provider may take the place of the one who is connected.',
    }),
  })
  .openapi('CreateConnectLink');
export type CreateConnectLink = z.output<typeof CreateConnectLink>;

export const ConnectLink = z
  .object({
    url: z.string().nullable().openapi({
      description:
        'For one browser, once. Shown here and never again: null where the answer is repeated under an `Idempotency-Key`.',
      example: 'https://broker.example.com/connect/lk_vM2…',
    }),
    session_id: z.string().openapi({ example: 'cs_4fT2kQ9sLw8ZbX1cVn7RmA' }),
    expires_at: IsoTime,
    warnings: z.array(z.string()).openapi({
      description: 'Worth reading: scopes that nothing knows, and what is asked for unasked.',
      example: [],
    }),
  })
  .openapi('ConnectLink');

export const ConnectSession = z
  .object({
    id: z.string().openapi({ example: 'cs_4fT2kQ9sLw8ZbX1cVn7RmA' }),
    connected_account_id: z.string(),
    connection: z.string(),
    identifier: z.string(),
    organization: z.string().nullable(),
    status: z.enum([
      'created',
      'started',
      'pending_confirmation',
      'succeeded',
      'rejected',
      'denied',
      'failed',
      'expired',
    ]),
    reason: z.string().nullable().openapi({ description: 'Why it ended, where it did not succeed.' }),
    subject: z.string().nullable().openapi({ description: "Who signed in, by the provider's own id." }),
    subject_label: z.string().nullable(),
    scopes: z.array(z.string()).openapi({ description: 'Granted; before the callback: asked for.' }),
    warnings: z.array(z.string()).openapi({
      description:
        'What to know although it went well, each as `what: why`: an id_token that could not be read and was not needed, a refresh token that did not come along.',
      example: [],
    }),
    created_at: IsoTime,
    expires_at: IsoTime.openapi({ description: 'When the present status ends by itself, or did.' }),
  })
  .openapi('ConnectSession');
export type ConnectSession = z.infer<typeof ConnectSession>;

export const ConfirmSession = z
  .strictObject({
    identifier: z.string().max(1024).openapi({
      description: 'Who is logged in at the browser that brought the code; one try.',
      example: 'user_123',
    }),
    confirm_code: z
      .string()
      .max(1024)
      .openapi({ description: 'As the browser brought it.', example: 'THE-CODE-FROM-THE-BROWSER' }),
  })
  .openapi('ConfirmSession');

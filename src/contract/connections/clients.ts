/** Wire shapes of a client that an organization has for itself at one connection. Its secret is in the input alone. */

import { z } from '@hono/zod-openapi';
import { IsoTime } from '../time.ts';
import { ClientId, ClientSecrets, HEALTH } from './connections.ts';

export const PutOwnClient = z
  .strictObject({
    client_id: ClientId,
    client_secret: ClientSecrets.nullish(),
  })
  .openapi('PutOwnClient', {
    example: { client_id: 'ACME-CLIENT-ID', client_secret: 'ACME-CLIENT-SECRET' },
  });
export type PutOwnClient = z.output<typeof PutOwnClient>;

export const OwnClient = z
  .object({
    connection: z.string(),
    organization: z.string().openapi({ example: 'acme' }),
    client_id: z.string(),
    retired_client_ids: z.array(z.string()).openapi({
      description:
        'Earlier ones: the grants that they have made are renewed with them until their users connect anew.',
      example: [],
    }),
    health: z.enum(HEALTH),
    health_reason: z.string().nullable(),
    health_since: IsoTime,
    version: z.number().int().openapi({ description: 'Rises with every change.' }),
    warnings: z.array(z.string()).openapi({ example: [] }),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .openapi('OwnClient');
export type OwnClient = z.infer<typeof OwnClient>;

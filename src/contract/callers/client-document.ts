/** Wire shape of the document that is the client id of a connection. */

import { z } from '@hono/zod-openapi';

export const ClientDocument = z
  .object({
    client_id: z.string().openapi({ example: 'https://broker.example.com/oauth/clients/notes.json' }),
    client_uri: z.string(),
    client_name: z.string(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    response_types: z.array(z.string()),
    token_endpoint_auth_method: z.string(),
    application_type: z.string(),
  })
  .openapi('ClientDocument');

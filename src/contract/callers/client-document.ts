/** Wire shape of the document that is the client id of a connection. */

import { z } from '@hono/zod-openapi';

const broker = 'https://broker.example.com';

export const ClientDocument = z
  .object({
    client_id: z.string().openapi({ example: `${broker}/oauth/clients/notes.json` }),
    client_uri: z.string().openapi({ example: broker }),
    client_name: z.string().openapi({ example: 'Valetkey' }),
    redirect_uris: z.array(z.string()).openapi({ example: [`${broker}/oauth/callback/notes`] }),
    grant_types: z.array(z.string()).openapi({ example: ['authorization_code', 'refresh_token'] }),
    response_types: z.array(z.string()).openapi({ example: ['code'] }),
    token_endpoint_auth_method: z.string().openapi({ example: 'none' }),
    application_type: z.string().openapi({ example: 'web' }),
  })
  .openapi('ClientDocument');

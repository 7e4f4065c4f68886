/** Wire shape of `GET /`. */

import { z } from '@hono/zod-openapi';

/** Where to go on, by what it is. */
export const LINKS = {
  docs: '/docs',
  openapi: '/openapi.json',
  health: '/healthz',
  readiness: '/readyz',
} as const;

export const Home = z
  .object({
    name: z.literal('valetkey'),
    version: z.string().openapi({ example: '0.1.0' }),
    description: z.string().openapi({ example: 'A token broker for AI agents.' }),
    links: z.object({
      docs: z.literal(LINKS.docs),
      openapi: z.literal(LINKS.openapi),
      health: z.literal(LINKS.health),
      readiness: z.literal(LINKS.readiness),
    }),
  })
  .openapi('Home');

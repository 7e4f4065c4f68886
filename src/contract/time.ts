/** Times on the wire. */

import { z } from '@hono/zod-openapi';

export const IsoTime = z.iso.datetime().openapi({ example: '2026-11-21T10:29:00.000Z' });
export const NullableIsoTime = IsoTime.nullable();

/** Wire shapes of operators' keys. A key is in the answer that made it and in no other. */

import { z } from '@hono/zod-openapi';
import { KeyLife } from './agents/agents.ts';
import { Organization } from './ids.ts';
import { ROLES } from './roles.ts';
import { IsoTime, NullableIsoTime } from './time.ts';

/** As it stands in the key: ten characters of base62. A text of another form is not looked up. */
export const ADMIN_KEY_ID_PATTERN = /^[0-9A-Za-z]{10}$/;
const MAX_NAME_CODE_POINTS = 256;

const DisplayName = z
  .string()
  .refine((text) => text !== '' && [...text].length <= MAX_NAME_CODE_POINTS, {
    error: `must have 1 to ${MAX_NAME_CODE_POINTS} characters`,
  })
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'must be well-formed and without control characters',
  })
  .openapi({ description: 'For people to read.', example: 'Backend of the app' });

const RoleField = z.enum(ROLES).openapi({
  description:
    '`admin`: everything. `operator`: everything but keys, policies and client secrets. `connect`: creates accounts and connect links, confirms sessions. `auditor`: reads.',
  example: 'connect',
});

export const CreateAdminKey = z
  .strictObject({
    name: DisplayName.nullish(),
    role: RoleField,
    organization: Organization.nullish(),
    expires_in: KeyLife,
  })
  .openapi('CreateAdminKey', {
    description: 'With `organization` the key is bound to it; without, it reaches all of them.',
    example: { name: 'Backend of the app', role: 'connect', organization: 'acme' },
  });

export const AdminKey = z
  .object({
    id: z.string().openapi({ example: '4nB2xQ9ZkT' }),
    name: z.string().nullable().openapi({ example: 'Backend of the app' }),
    role: RoleField,
    organization: z
      .string()
      .nullable()
      .openapi({ description: 'Null: bound to none, and sees all of them.', example: 'acme' }),
    created_at: IsoTime,
    last_used_at: NullableIsoTime.openapi({ description: 'Up to an hour behind.' }),
    expires_at: NullableIsoTime.openapi({
      description: 'From then on, within a second, the key is refused everywhere; null: it has no end.',
    }),
  })
  .openapi('AdminKey');
export type AdminKey = z.infer<typeof AdminKey>;

export const CreatedAdminKey = AdminKey.extend({
  key: z.string().nullable().openapi({
    description: 'Shown in this answer only; null where the answer is repeated under an `Idempotency-Key`.',
    example: 'vk_admin_…',
  }),
}).openapi('CreatedAdminKey');
export type CreatedAdminKey = z.infer<typeof CreatedAdminKey>;

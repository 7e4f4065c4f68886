/** Wire shapes of tools: the definition, the list, a call and its result. */

import { z } from '@hono/zod-openapi';
import { Identifier, Name, Organization } from '../ids.ts';
import { TOOL_FORMATS } from './formats.ts';

export const TOOL_NAME = /^[a-z0-9_]{1,64}$/;
const MAX_PAGE_ITEMS = 1_000;

/** One tool in every example of an answer. */
const SHOWN = {
  example: {
    name: 'hubspot_get_contact',
    title: 'Get a contact',
    description: 'Read one contact by id.',
    provider: 'hubspot',
    connection: null,
    parameters: {
      type: 'object',
      properties: { objectId: { type: 'string', description: 'Record id.' } },
      required: ['objectId'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  },
}.example;

const Text = (most: number) => z.string().max(most);
const Names = z.record(z.string().max(128), z.string().max(128));
const FieldPath = Text(200);

const Sign = z.strictObject({
  at: FieldPath,
  equals: z.union([Text(200), z.number(), z.boolean()]).optional(),
});

const Schema = z.record(z.string(), z.unknown()).openapi({
  type: 'object',
  additionalProperties: true,
  description: 'JSON Schema 2020-12 of the parameters: an object.',
  example: {
    type: 'object',
    properties: { id: { type: 'string', description: 'Id of the thing.' } },
    required: ['id'],
    additionalProperties: false,
  },
});

const RateSign = z.strictObject({
  status: z.number().int().min(200).max(599),
  code: z.array(Text(100)).max(20).optional(),
  header: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .optional(),
  equals: Text(200).optional(),
});

const Pagination = z.strictObject({
  kind: z.enum(['cursor', 'page', 'offset', 'link_header', 'url', 'last_id']),
  param: Text(128).optional(),
  in: z.enum(['body', 'query']).optional(),
  from: FieldPath.optional().openapi({ description: 'Where an answer holds the next cursor or URL.' }),
  more: FieldPath.optional().openapi({
    description: 'True while there is more; `!done` is the contrary of `done`.',
  }),
  rel: Text(20).optional(),
  size: Text(128).optional().openapi({ description: 'The parameter that takes the size of a page.' }),
});

const Errors = z
  .strictObject({
    http: z.boolean().optional(),
    message: FieldPath.optional(),
    code: FieldPath.optional(),
    ok: Text(64).optional().openapi({ description: 'The field of a 2xx that has to be `true`.' }),
    graphql: z.boolean().optional(),
    success: FieldPath.optional().openapi({ description: 'Fields of a 2xx that must not be `false`.' }),
    fails_when: z.array(Sign).max(20).optional(),
    rate_limited: z.array(RateSign).max(20).optional(),
    hidden: Text(200).optional(),
  })
  .openapi({ description: 'What an error of this API looks like, where it is more than a status.' });

const Place = z.enum(['path', 'path+', 'query', 'body', 'body_root', 'variables', 'compose']);

const Annotations = z.strictObject({
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
});

const Common = {
  title: Text(200).optional(),
  description: z.string().min(1).max(2_000),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: Text(1_000).openapi({
    description: "Behind the API's base URL; `{name}` takes a parameter.",
    example: '/things/{id}',
  }),
  parameters: Schema,
  where: z
    .record(z.string().max(128), Place)
    .optional()
    .openapi({
      description:
        'Where each parameter goes. Left out: `path` where the path names it, else `query` of GET and DELETE, `body` of the others.',
      example: { id: 'path' },
    }),
  wire_names: Names.optional(),
  repeated: z.array(Text(128)).max(50).optional().openapi({
    description: 'Lists of the query that are repeated (`a=1&a=2`) and not joined by commas.',
  }),
  scopes_any: z
    .array(z.array(Text(512)).max(50))
    .max(20)
    .optional()
    .openapi({
      description: 'Alternatives of scopes, each of which is enough; none: none is needed.',
      example: [['things.read']],
    }),
  annotations: Annotations.optional(),
  headers: Names.optional(),
  body_encoding: z.enum(['json', 'form', 'graphql', 'multipart']).optional(),
  body_template: z.strictObject({ query: z.string().min(1).max(16_384) }).optional(),
  pagination: Pagination.optional(),
  result: FieldPath.optional().openapi({
    description: 'Where the result stands; left out: the whole answer.',
  }),
  result_type: z.enum(['array', 'object', 'string', 'any', 'json', 'text']).optional(),
  empty_when: Sign.optional(),
  empty_status: z.array(z.number().int().min(200).max(299)).max(5).optional(),
  partial_when: z.array(Sign).max(10).optional(),
  idempotency_header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional(),
  errors: Errors.optional(),
  notes: Text(2_000).optional(),
  sources: z.array(Text(500)).max(20).optional(),
};

export const PutTool = z
  .strictObject({
    name: z.string().optional().openapi({ description: 'As in the path, if at all.' }),
    connection: Name.nullish().openapi({ description: 'The one connection that it is for.' }),
    provider: z.string().max(64).nullish().openapi({
      description: 'The entry of the catalogue whose accounts it is for, where it is for no one connection.',
    }),
    ...Common,
  })
  .openapi('PutTool');
export type PutTool = z.infer<typeof PutTool>;

export const ToolResource = z
  .object({
    name: z.string(),
    ...Common,
    provider: z.string().nullable(),
    connection: z.string().nullable(),
    connections: z.array(z.string()).openapi({
      description: 'Entries of the catalogue whose accounts it works with.',
    }),
    is_custom: z.boolean(),
    unscoped: z.array(z.string()).optional(),
    compose: z.string().optional(),
    verified_against: z.string().optional(),
    confidence: z.string().optional(),
    unverified: z.array(z.string()).optional(),
  })
  .openapi('Tool', {
    example: {
      ...SHOWN,
      connections: ['hubspot'],
      is_custom: false,
      method: 'GET',
      path: '/crm/objects/2026-09/contacts/{objectId}',
      where: { objectId: 'path' },
      scopes_any: [['crm.objects.contacts.read']],
      result_type: 'object',
      sources: ['https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts'],
      confidence: 'high',
    },
  });

const InFormat = z.record(z.string(), z.unknown()).openapi({ type: 'object', additionalProperties: true });

/** With `format`: as that kind of model takes tools. */
export const ToolAnswer = z.union([ToolResource, InFormat]);

const ListedTool = z
  .object({
    name: z.string().openapi({ example: 'hubspot_search_contacts' }),
    title: z.string(),
    description: z.string(),
    provider: z.string().nullable(),
    connection: z.string().nullable(),
    parameters: Schema,
    annotations: Annotations,
    accounts: z
      .array(z.object({ connected_account_id: z.string(), identifier: z.string(), connection: z.string() }))
      .openapi({ description: 'Accounts that it may be used with, the newest twenty.' }),
    accounts_total: z.number().int(),
  })
  .openapi('ListedTool', {
    example: {
      ...SHOWN,
      accounts: [
        {
          connected_account_id: 'ca_gabcdefghijklmnopqrstuvwxyz',
          identifier: 'user_123',
          connection: 'hubspot',
        },
      ],
      accounts_total: 1,
    },
  });

export const ToolList = z
  .object({
    data: z.array(z.union([ListedTool, InFormat])).openapi({
      description: 'With `format`: as that kind of model takes tools.',
    }),
    missing: z.array(z.object({ tool: z.string(), scopes: z.array(z.string()) })).openapi({
      example: [{ tool: 'hubspot_create_deal', scopes: ['crm.objects.deals.write'] }],
      description: 'Tools that the policy allows and the grants do not: what a reconnect would add.',
    }),
  })
  .openapi('ToolList');

export const ToolQuery = z.object({
  provider: z.string().max(64).optional().openapi({ description: 'An entry of the catalogue.' }),
  connection: Name.optional(),
  q: Text(200)
    .optional()
    .openapi({ example: 'search contacts', description: 'Words that name, title or description hold.' }),
  format: z.enum(TOOL_FORMATS).optional().openapi({ description: 'As models take tools.' }),
});

export const ToolFormatQuery = ToolQuery.pick({ format: true });

export const ExecuteTool = z
  .strictObject({
    parameters: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({
        type: 'object',
        additionalProperties: true,
        description: "By the tool's own schema.",
        example: { query: 'ada' },
      }),
    connected_account_id: z.string().max(64).nullish().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
    connection: Name.nullish().openapi({
      description:
        'In the place of `connected_account_id`; may be left out where the policy allows one alone.',
    }),
    identifier: Identifier.nullish().openapi({
      description: "Whose account; left out: the agent's own, else `default`, or the only one.",
    }),
    organization: Organization.nullish(),
    page_size: z.number().int().min(1).max(MAX_PAGE_ITEMS).nullish(),
    cursor: z.string().max(8_192).nullish().openapi({ description: '`next_page` of the call before.' }),
    max_items: z.number().int().min(1).max(MAX_PAGE_ITEMS).nullish().openapi({
      description: 'Pages are followed until there are so many items.',
    }),
  })
  .openapi('ExecuteTool');

export const ToolResult = z
  .object({
    tool: z.string().openapi({ example: 'hubspot_search_contacts' }),
    tool_call_id: z.string().openapi({ example: 'tc_4nB2xQ9ZkT7c0LmRw3sVdy' }),
    connected_account_id: z.string().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
    status: z.literal('ok'),
    data: z.unknown().openapi({
      example: [{ id: '1', properties: { firstname: 'Ada' } }],
      description:
        'What the provider answered; `[]` where it says that there is nothing, null where it sends no body.',
    }),
    next_page: z.string().optional().openapi({
      description: 'The `cursor` of the next page; left out: the last.',
      example: 'Zk3v0c1uJm5yQ8aTnXwB2Q',
    }),
    stopped: z.string().optional().openapi({
      example: 'rate_limited',
      description:
        'Why there are fewer items than `max_items`, though there are more: `rate_limited`, `approval_required`, `enough`.',
    }),
  })
  .openapi('ToolResult');

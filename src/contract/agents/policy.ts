/**
 * What a policy may look like on the wire: the two forms of a body, the full form that is stored and answered,
 * and their limits. Says nothing about what a policy allows: that is the room `policy`.
 */

import { z } from '@hono/zod-openapi';
import { Actions, Approval, Hours, NotAfter, PurposeDemand, Rate, Requests, Tools } from '../rules/fields.ts';

/** Printable ASCII without space, `"` and `\`: scope-token of RFC 6749, section 3.3. */
const SCOPE_TOKEN = '[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,256}';
const CONNECTION_GLOB = '[a-z0-9._*-]{1,64}';

const MAX_RULES = 100;
const MAX_LIST_ITEMS = 100;
const MAX_IDENTIFIER_CODE_POINTS = 256;
/** Of one rule, as they travel: joined by single spaces. A scope parameter of that size still fits a URL. */
const MAX_SCOPES_CHARS = 4096;
/** A policy is read with its agent's record on every request, so it has to stay small. */
const MAX_POLICY_BYTES = 64 * 1024;

function identifierProblem(text: string): string | null {
  const tooLong =
    text.length > 2 * MAX_IDENTIFIER_CODE_POINTS || [...text].length > MAX_IDENTIFIER_CODE_POINTS;
  if (text === '' || tooLong) return `must have 1 to ${MAX_IDENTIFIER_CODE_POINTS} code points`;
  // A lone surrogate has no UTF-8 form: two different texts would become one on the way to storage.
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  if (text.normalize('NFC') !== text) return 'must be in Unicode normalization form NFC';
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters';
  if (text.trim() !== text) return 'must not begin or end with space';
  return null;
}

const identifierGlob = z.string().superRefine((text, context) => {
  const problem = identifierProblem(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

const scope = z.string().regex(new RegExp(`^${SCOPE_TOKEN}$`), {
  error: 'must be 1 to 256 printable ASCII characters without space, " and \\',
});

function fitTogether(scopes: readonly string[]): boolean {
  return scopes.join(' ').length <= MAX_SCOPES_CHARS;
}

/** One rule in full form. `identifiers` left out: the agent's own id and `default`; `scopes` left out: no limit. */
export const Rule = z
  .strictObject({
    connection: z
      .string()
      .regex(new RegExp(`^${CONNECTION_GLOB}$`), { error: 'must be 1 to 64 characters of a-z 0-9 . _ - *' })
      .openapi({
        description: 'The id of a connection; `*` stands for any run of characters.',
        example: 'hubspot',
      }),
    identifiers: z
      .array(identifierGlob)
      .min(1)
      .max(MAX_LIST_ITEMS)
      .optional()
      .openapi({
        description:
          "Whose accounts; `*` stands for any run of characters. Left out: the agent's own id and `default`.",
        example: ['user_*'],
      }),
    scopes: z
      .array(scope)
      .max(MAX_LIST_ITEMS)
      .refine(fitTogether, { error: `must have at most ${MAX_SCOPES_CHARS} characters together` })
      .optional()
      .openapi({
        description:
          "The scopes a token may have at most, by the provider's names or the connection's aliases. " +
          'Left out: whatever was granted. An empty list: none.',
        example: ['contacts.read'],
      }),
    organizations: z
      .array(
        z.string().regex(new RegExp(`^${CONNECTION_GLOB}$`), {
          error: 'must be 1 to 64 characters of a-z 0-9 . _ - *',
        }),
      )
      .min(1)
      .max(MAX_LIST_ITEMS)
      .optional()
      .openapi({
        description:
          "Whose tenants' accounts, for an agent without an organization: ids or globs. Such a rule reaches these and no account without an organization. Written by an admin of all organizations only.",
        example: ['acme', 'eu-*'],
      }),
    actions: Actions.optional(),
    tools: Tools.optional(),
    requests: Requests.optional(),
    hours: Hours.optional(),
    rate: Rate.optional(),
    not_after: NotAfter.optional(),
    purpose: PurposeDemand.optional(),
    approval: Approval.optional(),
    connect: z.boolean().optional().openapi({
      description:
        'With `true` the agent gets a link (`connect_url`) where the account that it asks for is not connected yet.',
      example: true,
    }),
  })
  .openapi('Rule');
export type Rule = z.infer<typeof Rule>;

/** The full form: what is stored, evaluated and answered by `GET`. No rule denies all. */
export const Policy = z.strictObject({ rules: z.array(Rule).max(MAX_RULES) }).openapi('Policy');
export type Policy = z.infer<typeof Policy>;

/** The answer to a policy that was written: the full form, and what is worth reading about it. */
export const StoredPolicy = z
  .object({
    rules: z.array(Rule),
    warnings: z.array(z.string()).optional().openapi({
      description:
        'Worth reading: rules that can never allow anything, scopes that nothing knows, connections that are not there. Left out where there is nothing to say.',
    }),
  })
  .openapi('StoredPolicy');

const credential = z.string().regex(new RegExp(`^${CONNECTION_GLOB}(:${SCOPE_TOKEN})?$`), {
  error: 'must be `connection` or `connection:scope`',
});

/** An item of `allowed_credentials`, cut at the first colon: scopes may hold colons, ids of connections may not. */
export function splitCredential(item: string): { connection: string; scope: string | null } {
  const colon = item.indexOf(':');
  if (colon < 0) return { connection: item, scope: null };
  return { connection: item.slice(0, colon), scope: item.slice(colon + 1) };
}

/** The items of one connection become one rule, so together they have to fit into one. */
function eachConnectionFits(items: readonly string[]): boolean {
  const scopesOf = new Map<string, string[]>();
  for (const { connection, scope } of items.map(splitCredential)) {
    if (scope !== null) scopesOf.set(connection, [...(scopesOf.get(connection) ?? []), scope]);
  }
  return [...scopesOf.values()].every(fitTogether);
}

function fitsAsJson(body: unknown): boolean {
  const json = JSON.stringify(body) as string | undefined;
  return json === undefined || new TextEncoder().encode(json).length <= MAX_POLICY_BYTES;
}

const eitherForm = z
  .strictObject({
    agent_id: z.string().max(64).optional().openapi({
      description: "May stand beside either form; must be the agent's own id.",
      example: 'crm-agent',
    }),
    allowed_credentials: z
      .array(credential)
      .max(MAX_LIST_ITEMS)
      .refine(eachConnectionFits, {
        error: `must have at most ${MAX_SCOPES_CHARS} characters of scopes per connection`,
      })
      .optional()
      .openapi({
        description: 'The short form: `connection` (all that was granted) or `connection:scope`.',
        example: ['slack:channels:read', 'google-calendar'],
      }),
    rules: z.array(Rule).max(MAX_RULES).optional(),
  })
  .superRefine((body, context) => {
    const forms = [body.allowed_credentials, body.rules].filter((form) => form !== undefined).length;
    if (forms === 2) {
      context.addIssue({
        code: 'custom',
        path: ['allowed_credentials'],
        message: 'must not be given together with `rules`',
      });
    }
    if (forms === 0) {
      context.addIssue({
        code: 'custom',
        path: ['rules'],
        message: 'is required where `allowed_credentials` is not given',
      });
    }
  });

/** What a body may hold: exactly one of the two forms. The size is checked before anything inside is looked at. */
export const PolicyInput = z
  .preprocess((body, context) => {
    if (fitsAsJson(body)) return body;
    context.addIssue({ code: 'custom', message: `must have at most ${MAX_POLICY_BYTES} bytes as JSON` });
    return z.NEVER;
  }, eitherForm)
  .openapi('PolicyInput');
export type PolicyInput = z.infer<typeof PolicyInput>;

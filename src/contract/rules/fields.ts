/** The fields of a rule that say for what, when and how often: their shapes and limits. What they mean is `policy`'s. */

import { z } from '@hono/zod-openapi';
import { pathProblem, segmentsOf } from './paths.ts';
import { isTimeZone } from './zones.ts';

const MAX_LIST_ITEMS = 100;
/** The times of so many requests are kept for each rule. */
const MAX_RATE = 10_000;

export const ACTIONS = ['token', 'proxy', 'tool', 'mcp'] as const;
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const ActionName = z.enum(ACTIONS);

export const Actions = z
  .array(ActionName)
  .min(1)
  .max(MAX_LIST_ITEMS)
  .openapi({
    description:
      'What a credential may be used for: `token` hands it out, `proxy`, `tool` and `mcp` use it here. Left out: all. A rule with `requests` or `tools` never allows `token`.',
    example: ['proxy', 'tool'],
  });

export const Tools = z
  .array(
    z.string().regex(/^[A-Za-z0-9_*-]{1,64}$/, { error: 'must be 1 to 64 characters of A-Z a-z 0-9 _ - *' }),
  )
  .min(1)
  .max(MAX_LIST_ITEMS)
  .openapi({
    description:
      'Which tools, by name; `*` stands for any run of characters. Limits `tool` and `mcp`, and makes `token` impossible.',
    example: ['hubspot_*'],
  });

/** A wildcard is a whole segment: half of one would match what nobody thought of. */
function patternProblem(pattern: string): string | null {
  const problem = pathProblem(pattern);
  if (problem !== null) return problem;
  const isPart = segmentsOf(pattern).some((segment) => segment.includes('*') && segment !== '*');
  return isPart ? 'must have * as a whole segment only' : null;
}

const PathPattern = z.string().superRefine((pattern, context) => {
  const problem = patternProblem(pattern);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

export const HttpMethod = z
  .string()
  .regex(/^[A-Z]{1,16}$/, { error: 'must be a method in capital letters' })
  .openapi({ example: 'GET' });

const RequestPattern = z
  .strictObject({
    methods: z.array(HttpMethod).min(1).max(20).optional().openapi({ description: 'Left out: any.' }),
    paths: z
      .array(PathPattern)
      .min(1)
      .max(MAX_LIST_ITEMS)
      .optional()
      .openapi({
        description:
          "Paths behind the API's base URL. `*` is one segment, `/*` at the end any rest of at least one segment. Left out: any.",
        example: ['/crm/v3/objects/contacts', '/crm/v3/objects/contacts/*'],
      }),
  })
  .refine(({ methods, paths }) => methods !== undefined || paths !== undefined, {
    error: 'must have `methods` or `paths`',
  });

export const Requests = z.array(RequestPattern).min(1).max(MAX_LIST_ITEMS).openapi({
  description:
    'Which requests the proxy may send: one entry has to fit. Compared byte for byte. Makes `token` impossible.',
});

const FROM = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const TO = /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

export const Hours = z
  .strictObject({
    timezone: z
      .string()
      .refine(isTimeZone, { error: 'must be the name of a time zone, as Europe/Berlin; an offset is none' })
      .openapi({ description: 'An IANA name.', example: 'Europe/Berlin' }),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .max(7)
      .optional()
      .openapi({
        description: 'Left out: all. A night belongs to the day on which it began.',
        example: ['mon', 'tue', 'wed', 'thu', 'fri'],
      }),
    from: z
      .string()
      .regex(FROM, { error: 'must be HH:MM' })
      .optional()
      .openapi({ description: 'By the clock on the wall. Left out: 00:00.', example: '09:00' }),
    to: z.string().regex(TO, { error: 'must be HH:MM' }).optional().openapi({
      description: 'The first minute outside. Earlier than `from`: over midnight. Left out: 24:00.',
      example: '18:00',
    }),
  })
  .superRefine(({ from = '00:00', to = '24:00' }, context) => {
    if (from === to)
      context.addIssue({ code: 'custom', path: ['to'], message: 'must not be the same as `from`' });
  })
  .openapi({ description: 'When. Right at daylight-saving changes: the clock on the wall decides.' });
export type Hours = z.infer<typeof Hours>;

export const NotAfter = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time' }).openapi({
  description: 'The last moment at which the rule allows anything.',
  example: '2027-01-01T00:00:00Z',
});

export const Rate = z
  .strictObject({
    limit: z.number().int().min(1).max(MAX_RATE).openapi({ example: 60 }),
    per: z.enum(['second', 'minute', 'hour', 'day']),
  })
  .openapi({
    description:
      'How often, per agent and rule: no window of a whole period holds more requests that were let through. A spent rule leaves the request to the next that allows it.',
    example: { limit: 60, per: 'minute' },
  });

const MAX_REASON_CODE_POINTS = 200;

export const Approval = z
  .strictObject({
    reason: z
      .string()
      .refine((text) => text.trim() !== '' && [...text].length <= MAX_REASON_CODE_POINTS, {
        error: `must have 1 to ${MAX_REASON_CODE_POINTS} characters`,
      })
      .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
        error: 'must be well-formed and without control characters',
      })
      .optional()
      .openapi({ description: 'Why a person is asked; they read it.', example: 'deletes customer data' }),
    ttl_s: z.number().int().min(60).max(86_400).openapi({
      description: 'Seconds: how long a yes is good for its one use, and how long a no stands.',
      example: 3600,
    }),
  })
  .openapi({
    description:
      'A person has to say yes to each request that this rule would let through: it goes through once, and no other does.',
    example: { reason: 'deletes customer data', ttl_s: 3600 },
  });
export type Approval = z.infer<typeof Approval>;

export const PurposeDemand = z.literal('required').openapi({
  description: 'The request has to say why, in the header `X-Valetkey-Purpose`.',
  example: 'required',
});

export const MAX_PURPOSE_CHARS = 200;

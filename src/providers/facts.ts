/**
 * Parts of a descriptor that are lists and maps of names: headers of an API, names of scopes, places in a token answer.
 * Schemas alone; a descriptor has their names (descriptor.ts).
 */

import { z } from 'zod';
import { JsonPath } from './answers/error-row.ts';
import { isListable } from './requests/headers.ts';

const Name = z.string().min(1).max(200);

/** Headers of an API that a caller may set, in lower case; a `*` at the end of a name stands for any rest of it. */
export const RequestHeaders = z
  .array(
    z
      .string()
      .refine(
        (name) => isListable(name.replace(/\*$/, '')),
        'must be a header in lower case that the API itself defines',
      ),
  )
  .max(20);

export const ScopeAliases = z
  .record(Name, z.union([Name, z.array(Name).min(1).max(50)]))
  .refine((aliases) => Object.keys(aliases).length <= 200, 'must have at most 200 entries');

/** Families of scopes, and scopes that include others: a name and the scopes behind it. */
export const ScopeLists = z
  .record(Name, z.array(Name).min(1).max(100))
  .refine((lists) => Object.keys(lists).length <= 100, 'must have at most 100 entries');

export const ScopeSynonyms = z
  .record(Name, Name)
  .refine((synonyms) => Object.keys(synonyms).length <= 200, 'must have at most 200 entries');

export const ResponseMap = z.strictObject({
  access_token: Name,
  refresh_token: Name.nullable().optional(),
  expires_in: Name.nullable().optional(),
  expires_at: Name.nullable().optional(),
  scope: Name.nullable().optional(),
  token_type: Name.nullable().optional(),
  refresh_token_expires_in: Name.nullable().optional(),
});

/** How a body says that it is a success: a value, a field that is missing, or one that is there. */
export const SuccessCheck = z.union([
  z.strictObject({ path: JsonPath, equals: z.union([z.string().max(200), z.number(), z.boolean()]) }),
  z.strictObject({ absent: JsonPath }),
  z.strictObject({ present: JsonPath }),
]);

/** A `*` at the end of a name stands for any rest of it. */
export const HeaderNames = z
  .array(z.string().regex(/^[a-z0-9-]{1,64}\*?$/))
  .max(20)
  .optional();

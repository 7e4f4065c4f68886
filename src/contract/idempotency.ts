/** Which requests may be repeated under an `Idempotency-Key`, and what a repeated answer leaves out. */

/** How long an answer is repeated. */
export const IDEMPOTENCY_LIFE_MS = 24 * 3_600_000;

/** The header's value: any printable characters without space. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** The routes that create, each with the fields of its answer that are shown once: null in every later answer. */
export const SHOWN_ONCE: Readonly<Record<string, readonly string[]>> = {
  'POST /v1/connections': [],
  'POST /v1/agents': ['key'],
  'POST /v1/agents/{id}/keys': ['key'],
  'POST /v1/connected-accounts': [],
  'POST /v1/connected-accounts/{id}/connect-link': ['url'],
  'POST /v1/webhook-endpoints': ['secret'],
  'POST /v1/admin-keys': ['key'],
  'POST /v1/revocations': [],
};

/** A key or signing secret of ours, at any place of an answer: the second fence, should a field be forgotten above. */
const SECRET_SHAPE = /vk_(?:agent_[a-z0-9._-]{1,64}_|admin_)[0-9A-Za-z]{59}|whsec_[A-Za-z0-9+/]{20,}/;

function withoutShapes(value: unknown): unknown {
  if (typeof value === 'string') return SECRET_SHAPE.test(value) ? null : value;
  if (Array.isArray(value)) return value.map(withoutShapes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutShapes(item)]));
}

/** The answer of `route` as it may be kept and repeated. */
export function withoutSecrets(route: string, answer: unknown): unknown {
  const kept = withoutShapes(answer);
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return kept;
  const hidden = (SHOWN_ONCE[route] ?? []).filter((name) => name in kept);
  return { ...kept, ...Object.fromEntries(hidden.map((name) => [name, null])) };
}

/**
 * The same text for two bodies that say the same, in any order of their fields; a body that is no JSON stays as it is.
 */
export function canonicalBody(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // Pairs and not an object: an object would bring names that are numbers to the front by itself, and swallow
  // `__proto__`.
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, item]) => [name, sorted(item), 'field']);
}

/**
 * The redacting log: one JSON object a line. The only room that touches `console`.
 * Callers pass plain facts; a text that looks like a credential is cut out here all the same,
 * because a log line is the one output that no person reviews before it leaves.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
let threshold: LogLevel = 'info';

/** Lines below this level are dropped. Set once per isolate from the configuration. */
export function setLogLevel(level: LogLevel): void {
  threshold = level;
}

const SECRET_NAME =
  /token|secret|password|authorization|cookie|api_?key|assertion|verifier|credential|^code$/i;
/** Long runs of token characters; ids of ours are shorter or are known by their prefix. */
const TOKEN_RUN = /[A-Za-z0-9_~+/=-]{32,}/g;
const KNOWN_ID = /^(ca_[a-z][a-z2-7]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Cuts what could be a credential out of one string. */
function redactText(text: string): string {
  return text.replace(TOKEN_RUN, (run) => (KNOWN_ID.test(run) ? run : '[redacted]'));
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value.slice(0, 500));
  if (value === null || typeof value !== 'object') return value;
  if (depth > 4) return '[deep]';
  if (value instanceof Error) return { name: value.name, message: redactText(value.message.slice(0, 500)) };
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1));
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    out[key] = SECRET_NAME.test(key) && typeof item === 'string' ? '[redacted]' : redact(item, depth + 1);
  }
  return out;
}

/** Writes one line. `fields` must not hold secrets; those that slip in are cut out. */
export function log(level: LogLevel, message: string, fields: LogFields = {}): void {
  if (ORDER[level] < ORDER[threshold]) return;
  const line = JSON.stringify({ level, message: redactText(message), ...(redact(fields, 0) as LogFields) });
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

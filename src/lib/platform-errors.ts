/**
 * Which errors are the platform's own: an object that is overloaded, reset or being moved, a database that does not
 * answer, a connection that broke on the way. They say nothing of what was asked and pass by themselves. Errors of our
 * own code are none of them.
 *
 * Sources: Cloudflare's documentation of Durable Objects (error handling, troubleshooting) and of D1 (debugging), and
 * what local workerd says of each.
 */

/** As the platform marks them, where it does. */
interface Marks {
  readonly retryable?: unknown;
  readonly overloaded?: unknown;
  readonly durableObjectReset?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** As it words them: a mark is lost where an error is thrown on, or crosses a second call. */
const WORDS = [
  /\bis overloaded\b|too many requests queued|requests queued for too long/i,
  /network connection lost|connection (?:was )?(?:lost|reset|refused|closed|terminated)|\bdisconnected\b|broken pipe/i,
  /durable object(?:'s)? .*\breset\b|was reset\b|code (?:was|has been) updated|caused object to be reset/i,
  /storage operation exceeded timeout|waited for too long|would never generate a response/i,
  /internal error; reference|internal error while|exceeded its (?:memory|cpu) (?:time )?limit|isolate exceeded/i,
  /this durable object is being|has been (?:shut down|evicted)|stopped (?:running|because)|execution context .*canceled/i,
  // A call that the other side cannot take while one of two versions of the code is being replaced.
  /rpc receiver does not implement the method|does not implement "?rpc/i,
  /database is locked|SQLITE_(?:BUSY|LOCKED|CANTOPEN|IOERR|FULL|NOMEM|INTERRUPT)|unable to open database file|too many open files/i,
  /D1_ERROR: (?:.*\b(?:timeout|timed out|storage|reset|overloaded|queued|unavailable|internal)\b)|D1 DB (?:is overloaded|storage)/i,
];
const MAX_CAUSES = 4;

/** An object's file that is none any more, or lacks what every object of its version has. */
const DAMAGE =
  /(?:\bno such (?:table|column)\b|\bdatabase disk image is malformed\b|\bfile is not a database\b|SQLITE_(?:CORRUPT|NOTADB))/i;

/** Whether an object's stored data are broken. It does not pass: another try finds the same. */
export function isDamage(error: unknown): boolean {
  let one = error as { name?: unknown; message?: unknown; cause?: unknown } | null | undefined;
  for (let depth = 0; depth < MAX_CAUSES && one !== null && typeof one === 'object'; depth += 1) {
    if (one.name === 'DamagedSchemaError') return true;
    if (typeof one.message === 'string') {
      // The database of all is no object's, also where SQLite's words stand in the cause.
      if (one.message.startsWith('D1_ERROR')) return false;
      if (DAMAGE.test(one.message)) return true;
    }
    one = one.cause as typeof one;
  }
  return false;
}

/** Whether the same request may find things well a moment later. */
export function isPassingError(error: unknown): boolean {
  let one: Marks | null | undefined = error as Marks | null | undefined;
  for (let depth = 0; depth < MAX_CAUSES && one !== null && typeof one === 'object'; depth += 1) {
    if (one.overloaded === true || one.durableObjectReset === true || one.retryable === true) return true;
    const { message } = one;
    if (typeof message === 'string' && WORDS.some((words) => words.test(message))) return true;
    one = one.cause as Marks | null | undefined;
  }
  return false;
}

/**
 * Whether a refused client is the connection's trouble or one account's (refresh.md, "Classifying an answer"): a grant of
 * another client is refused for ever, and must not close the connection for all the others.
 *
 * Owns which accounts have refreshed with the present client, whose refusal is being asked about, and whose refusal has
 * turned out to be its own. Refuses to know the health of the connection (`connection-health.ts`) and to ask anybody.
 */

/** How a connection's present client stands with the provider. All `…Ms` are epoch milliseconds. */
export interface ClientStanding {
  /** Digest of what the client is: id, secrets, endpoint. Another client begins anew. */
  readonly client: string;
  /** Accounts that have refreshed with it, the newest first. */
  readonly proved: readonly { readonly account: string; readonly atMs: number }[];
  /** The first refusal since, of an account whose word alone closes nothing. */
  readonly doubt: { readonly by: string; readonly atMs: number } | null;
  /** When a doubt was last ended by a success. */
  readonly clearedAtMs: number | null;
  /** Accounts whose refusal is their own trouble: others went on with the same client. */
  readonly alone: readonly string[];
}

/** The account to ask must be one of several; reading one more would gain nothing. */
const PROVED = 3;
/** An account that has refreshed is not written down again before. */
const PROVED_STEP_MS = 6 * 3_600_000;
/** So many keep their trouble to themselves; of more, some are asked about again. */
const ALONE = 50;
/** Two refusals within this time speak of one cause. */
const DOUBT_MS = 10 * 60_000;
/** The same account's refusal is asked about again, where no account has answered. */
const ASK_AGAIN_MS = 60_000;
/** A question costs another account a refresh: however many are refused, it is one in so long. */
const QUESTIONS_APART_MS = 30_000;

export function standingOf(known: ClientStanding | null, client: string): ClientStanding {
  if (known?.client === client) return known;
  return { client, proved: [], doubt: null, clearedAtMs: null, alone: [] };
}

/** The standing after a refresh that succeeded; the same object where it says nothing new. */
export function afterSuccess(standing: ClientStanding, account: string, nowMs: number): ClientStanding {
  const { proved, doubt, alone } = standing;
  const own = proved.find((one) => one.account === account);
  const isOld = (atMs: number): boolean => Math.abs(nowMs - atMs) >= PROVED_STEP_MS;
  const oldest = proved.at(-1);
  const counts =
    own === undefined
      ? proved.length < PROVED || (oldest !== undefined && isOld(oldest.atMs))
      : isOld(own.atMs);
  const ends = doubt !== null;
  if (!counts && !ends && !alone.includes(account)) return standing;
  const others = proved.filter((one) => one.account !== account).slice(0, PROVED - 1);
  const restAlone = alone.filter((one) => one !== account);
  return {
    ...standing,
    proved: [{ account, atMs: nowMs }, ...others],
    doubt: null,
    clearedAtMs: ends ? nowMs : standing.clearedAtMs,
    alone: ends && doubt.by !== account ? including(restAlone, doubt.by) : restAlone,
  };
}

function including(names: readonly string[], name: string): readonly string[] {
  return [name, ...names.filter((other) => other !== name)].slice(0, ALONE);
}

/**
 * What a refusal of the client means.
 * - `connection`: it is refused for all: no other account has it in force, or a second account that had is refused too.
 *   `by` are the accounts that found out.
 * - `ask`: an account that has refreshed lately is to be asked at once; until then it is this account's own trouble.
 * - `alone`: it is this account's own trouble.
 */
export type RefusedClient =
  | { readonly kind: 'connection'; readonly by: readonly string[] }
  | { readonly kind: 'ask'; readonly whom: string; readonly standing: ClientStanding }
  | { readonly kind: 'alone'; readonly standing: ClientStanding };

/** Whether any other account has refreshed with this client. */
export function othersProved({ proved }: ClientStanding, account: string): boolean {
  return proved.some((one) => one.account !== account);
}

/**
 * @param input.unable accounts that were to be asked and cannot be
 * @param input.untried the refused grant was brought by an operator, unproven, and was never renewed: it may be of another
 *   client than the account's grant before it. It never speaks for the connection where others have refreshed with the
 * client
 */
export function judgeRefusal(
  standing: ClientStanding,
  input: { account: string; nowMs: number; unable: readonly string[]; untried?: boolean },
): RefusedClient {
  const { account, nowMs, unable, untried = false } = input;
  const { doubt } = standing;
  const proved = standing.proved.filter((one) => !unable.includes(one.account));
  const others = proved.filter((one) => one.account !== account);
  const [whom] = others;
  const pending = doubt !== null && Math.abs(nowMs - doubt.atMs) < DOUBT_MS ? doubt : null;
  if (pending !== null && pending.by !== account) {
    const wasGood = !untried && proved.some((one) => one.account === account);
    return wasGood ? { kind: 'connection', by: [pending.by, account] } : { kind: 'alone', standing };
  }
  if (whom === undefined)
    return untried && othersProved(standing, account)
      ? { kind: 'alone', standing }
      : { kind: 'connection', by: [account] };
  if (standing.alone.includes(account)) return { kind: 'alone', standing };
  const isAsked = pending !== null && Math.abs(nowMs - pending.atMs) < ASK_AGAIN_MS && unable.length === 0;
  if (isAsked) return { kind: 'alone', standing };
  const { clearedAtMs } = standing;
  if (clearedAtMs !== null && Math.abs(nowMs - clearedAtMs) < QUESTIONS_APART_MS)
    return { kind: 'alone', standing: { ...standing, alone: including(standing.alone, account) } };
  return {
    kind: 'ask',
    whom: whom.account,
    standing: { ...standing, proved, doubt: { by: account, atMs: nowMs } },
  };
}

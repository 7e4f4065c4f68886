/**
 * The cost tables of `src/README.md`: what `test/worker/accounts/costs.test.ts` has counted, at the platform's published
 * prices (`prices.json`). What a local engine cannot count is estimated, and stands here: how long an object is awake for
 * a piece of work, and the Worker's time.
 */

import { planRefresh } from '#refresh/schedule.ts';
import counted from '../worker/accounts/counted.json' with { type: 'json' };
import prices from './prices.json' with { type: 'json' };

type Work = Exclude<keyof typeof counted, 'accountBytes'>;
type Counted = (typeof counted)[Work];

/** `awakeMs`: of the objects that it calls, all together, with the provider's or the receiver's time that they wait for. */
interface Estimated {
  readonly awakeMs: number;
  /** Of the Worker; 0: no request comes in. */
  readonly workerMs: number;
}

interface Row extends Estimated {
  readonly work: Work;
  readonly says: string;
  /** Calls of objects that the count leaves out: the agent's, which an isolate makes once a second. */
  readonly agentCalls: number;
}

const ROWS: readonly Row[] = [
  { work: 'warmFetch', says: 'a token, everything warm', agentCalls: 0, awakeMs: 2, workerMs: 3 },
  {
    work: 'coldFetch',
    says: 'a token, scattered: account asleep, unused for an hour, its agent not asked within a second',
    agentCalls: 1,
    awakeMs: 30,
    workerMs: 3,
  },
  {
    work: 'refreshOnDemand',
    says: 'a token that has to be refreshed first',
    agentCalls: 0,
    awakeMs: 400,
    workerMs: 3,
  },
  { work: 'refreshAhead', says: 'a refresh by the alarm', agentCalls: 0, awakeMs: 400, workerMs: 0 },
  { work: 'beat', says: 'the daily sign of life', agentCalls: 0, awakeMs: 50, workerMs: 0 },
  { work: 'accountMade', says: 'an account made by import', agentCalls: 0, awakeMs: 100, workerMs: 10 },
  { work: 'event', says: 'a change of status, with its event', agentCalls: 0, awakeMs: 100, workerMs: 5 },
  { work: 'delivery', says: '… each delivery of it', agentCalls: 0, awakeMs: 300, workerMs: 0 },
];

const MILLION = 1_000_000;
const GB = 1024 ** 3;
const { usdPerMillion: usd } = prices;

/** Of a million times. */
function usdOf({ work, agentCalls, awakeMs, workerMs }: Row): number {
  const counts: Counted = counted[work];
  const objects =
    (counts.objectRequests + agentCalls) * usd.objectRequests +
    counts.rowsWritten * usd.rowsWritten +
    counts.rowsRead * usd.rowsRead;
  const directory =
    counts.directoryRowsWritten * usd.directoryRowsWritten + counts.directoryRowsRead * usd.directoryRowsRead;
  const worker = workerMs === 0 ? 0 : usd.workerRequests + workerMs * usd.workerCpuMs;
  return objects + directory + worker + usdOfAwake(awakeMs);
}

function usdOfAwake(awakeMs: number): number {
  return (awakeMs / 1000) * prices.objectGb * usd.objectGbSeconds;
}

function millionOf(work: Work): number {
  const row = ROWS.find((one) => one.work === work);
  if (row === undefined) throw new Error(`no row says what ${work} is`);
  return usdOf(row);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const dollars = (amount: number): string =>
  amount.toLocaleString(
    'en',
    amount < 100 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumFractionDigits: 0 },
  );

/** What each piece of work takes. */
export function costTable(): string {
  const rows = ROWS.map((row) => {
    const { objectRequests, rowsWritten, rowsRead, directoryRowsWritten, directoryRowsRead } =
      counted[row.work];
    const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 2 });
    return [
      row.says,
      number(objectRequests + row.agentCalls),
      number(rowsWritten),
      number(rowsRead),
      `${number(directoryRowsWritten)} / ${number(directoryRowsRead)}`,
      `${row.awakeMs} ms`,
      dollars(usdOf(row)),
    ];
  });
  const head = [
    'work',
    'calls of objects',
    'rows written',
    'rows read',
    'D1 rows written / read',
    'awake (estimated)',
    'USD per million',
  ];
  return table(head, rows);
}

const ACCOUNTS = 100_000;
const DAYS = 30;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FETCHES_A_DAY = 100;

/** Refreshes of one account in a month by the schedule that runs, of tokens that live for an hour. */
function refreshesOfAMonth(isUsed: boolean): number {
  const startMs = 1_795_255_200_000;
  let nowMs = startMs;
  let count = 0;
  for (let step = 0; nowMs < startMs + DAYS * DAY_MS; step += 1) {
    const grant = {
      hasAccessToken: true,
      hasRefreshToken: true,
      accessExpiresAtMs: nowMs + HOUR_MS,
      tokenAtMs: nowMs,
      lifetimeMs: HOUR_MS,
      cycle: step + 1,
      refreshExpiresAtMs: null,
      refreshIdleExpiresAtMs: null,
      nextAttemptAtMs: null,
      lastAttemptStartedAtMs: nowMs,
      doubtSinceMs: null,
    };
    const planned = planRefresh({
      nowMs,
      grant,
      lastUsedAtMs: isUsed ? nowMs : startMs - 30 * DAY_MS,
      createdAtMs: startMs - 60 * DAY_MS,
      defaultLifetimeMs: HOUR_MS,
      mode: { kind: 'idle_after', idleMs: 7 * DAY_MS },
      random: () => 0.5,
    });
    nowMs = planned?.dueAtMs ?? Infinity;
    count += 1;
  }
  return count;
}

interface Month {
  readonly says: string;
  readonly fetches: number;
  readonly refreshes: number;
  readonly beats: number;
}

/** A beat comes 20 to 24 hours after the last. */
const BEATS = (DAYS * 24) / 22;

const MONTHS: readonly Month[] = [
  {
    says: `active: ${FETCHES_A_DAY} scattered fetches a day each, tokens of an hour, refreshed ahead of time`,
    fetches: FETCHES_A_DAY * DAYS,
    refreshes: refreshesOfAMonth(true),
    beats: BEATS,
  },
  {
    says: 'idle for a week: one refresh a day to know that the grant lives',
    fetches: 0,
    refreshes: refreshesOfAMonth(false),
    beats: BEATS,
  },
  { says: 'with an API key, or a token that nothing renews: no timer', fetches: 0, refreshes: 0, beats: 0 },
];

/** What 100,000 accounts cost in a month, before what the plan includes. */
export function monthTable(): string {
  const storage = ((ACCOUNTS * counted.accountBytes) / GB) * prices.usdPerGbMonth.objects;
  const rows = MONTHS.map(({ says, fetches, refreshes, beats }) => {
    const parts = [
      (fetches * ACCOUNTS * millionOf('coldFetch')) / MILLION,
      (refreshes * ACCOUNTS * millionOf('refreshAhead')) / MILLION,
      (beats * ACCOUNTS * millionOf('beat')) / MILLION,
      storage,
    ];
    return [says, ...parts.map(dollars), dollars(parts.reduce((sum, part) => sum + part, 0))];
  });
  return table(['100,000 accounts', 'fetches', 'refreshes', 'signs of life', 'storage', 'USD a month'], rows);
}

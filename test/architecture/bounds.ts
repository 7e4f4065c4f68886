/**
 * What keeps each table from growing for ever: of D1 and of each kind of objects. The table in `src/README.md` is made
 * from this, `documents.test.ts` holds that no table is missing and that what is named to delete does so, and
 * `test/pure/directory/year.simulation.test.ts` plays years of it.
 */

import { textOf } from './rooms.ts';

/** A number of whole factors, as a file of `src` has it: many of these files do not load outside the Worker. */
function numberIn(file: string, name: string): number {
  const found = new RegExp(`^(?:export )?const ${name} = ([\\d_ *]+);`, 'm').exec(textOf(`src/${file}`));
  if (found === null) throw new Error(`src/${file} has no number ${name}`);
  return (found[1] ?? '')
    .split('*')
    .reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

const DAY_MS = 86_400_000;
const EVENTS_KEPT_DAYS = numberIn('directory/retention.ts', 'EVENTS_KEPT_DAYS');
const DELIVERIES_KEPT_DAYS = numberIn('directory/retention.ts', 'DELIVERIES_KEPT_DAYS');
const RECORDS_KEPT_DAYS = numberIn('directory/retention.ts', 'RECORDS_KEPT_DAYS');
const IDEMPOTENCY_DAYS = numberIn('contract/idempotency.ts', 'IDEMPOTENCY_LIFE_MS') / DAY_MS;
const SESSIONS_DAYS = numberIn('directory/connect-sessions.ts', 'KEPT_MS') / DAY_MS;
const KEPT_EVENTS = numberIn('outbox/rounds.ts', 'KEPT_EVENTS');
const OBJECT_EVENT_DAYS = numberIn('outbox/rounds.ts', 'KEPT_MS') / DAY_MS;
const PRUNED_WITH_A_ROUND = numberIn('outbox/rounds.ts', 'PRUNED_AT_ONCE');
const KEPT_ATTEMPTS = numberIn('accounts/refreshing/attempts.ts', 'KEPT_ATTEMPTS');
const MAX_KEYS = numberIn('agents/keys.ts', 'MAX_KEYS');
const MAX_RULES = numberIn('contract/agents/policy.ts', 'MAX_RULES');
const MAX_ASSERTIONS = numberIn('agents/tokens/tokens.ts', 'MAX_ASSERTIONS');
const MAX_PROOFS = numberIn('agents/tokens/tokens.ts', 'MAX_PROOFS');
const MAX_OPEN_SESSIONS = numberIn('accounts/flows/sessions/session.ts', 'MAX_OPEN_SESSIONS');
const MAX_OPEN_REPAIRS = numberIn('accounts/flows/sessions/session.ts', 'MAX_OPEN_REPAIRS');
const MAX_GRANTS = numberIn('accounts/flows/sessions/session.ts', 'MAX_GRANTS');
const MAX_NARROWED = numberIn('accounts/refreshing/narrowing.ts', 'MAX_NARROWED');
const KEPT_ENDED = numberIn('accounts/flows/sessions/upkeep.ts', 'KEPT_ENDED');
const MAX_APPROVALS = numberIn('accounts/approvals/machine.ts', 'MAX_LIVE');
const KEPT_APPROVALS = numberIn('accounts/approvals/machine.ts', 'KEPT_ENDED');
const APPROVALS_DAYS = numberIn('directory/approvals/index-rows.ts', 'KEPT_MS') / DAY_MS;
const MAX_TOOLS = numberIn('directory/tools/custom-tools.ts', 'MAX_CUSTOM_TOOLS');
const MAX_REVOCATIONS = numberIn('accounts/ending/revocation.ts', 'MAX_JOBS');

/** The cron of `wrangler.toml`: every quarter of an hour. */
export const RUNS_A_DAY = 96;
const DROPPED_A_DAY =
  numberIn('directory/retention.ts', 'BATCH') *
  numberIn('directory/retention.ts', 'MAX_BATCHES') *
  RUNS_A_DAY;
const RECORDS_DROPPED_A_DAY =
  numberIn('directory/organization-audit.ts', 'PAGE') *
  numberIn('directory/organization-audit.ts', 'MAX_PAGES') *
  RUNS_A_DAY;
const SWEPT_BESIDE = {
  idempotency: numberIn('directory/idempotency.ts', 'SWEPT'),
  session: numberIn('directory/connect-sessions.ts', 'PRUNED_AT_ONCE'),
  approval: numberIn('directory/approvals/index-rows.ts', 'PRUNED_AT_ONCE'),
};

export type Place = 'D1' | 'account' | 'agent' | 'revocation';

/** What a deployment of this size does. */
const SIZE = {
  accounts: 100_000,
  agents: 1_000,
  organizations: 100,
  connections: 200,
  endpoints: 200,
} as const;

/** How often, in a day of the whole deployment: a hundredth of the accounts changes, ends or is connected anew. */
export const A_DAY = {
  events: 3_000,
  deliveries: 6_000,
  connectSessions: 2_000,
  idempotentRequests: 5_000,
  operatorsRecords: 5_000,
  connectionNews: 20,
  deletedConnections: 1,
  revocations: 10,
  approvals: 1_000,
} as const;

/** A busy object; each event goes to two endpoints, and an event is at least one round. */
const OBJECTS_EVENTS_A_DAY = 10;

/** How the number of rows goes. */
export type Growth =
  /** So many stand there, however long. */
  | { readonly kind: 'standing'; readonly rows: number }
  /** Each row goes `days` after it came, as far as `dropped` of them can go in a day. */
  | { readonly kind: 'aging'; readonly perDay: number; readonly days: number; readonly dropped: number }
  /** A row for each act of an operator that is never forgotten, because forgetting would undo it. */
  | { readonly kind: 'kept'; readonly perDay: number };

export interface Bound {
  readonly place: Place;
  readonly table: string;
  /** What deletes, and how fast. */
  readonly says: string;
  /** The file of `src` that does; null: nothing has to. */
  readonly by: string | null;
  /** In D1 of the whole deployment, in an object of that one. */
  readonly growth: Growth;
}

const standing = (rows: number): Growth => ({ kind: 'standing', rows });
const aging = (perDay: number, days: number, dropped: number): Growth => ({
  kind: 'aging',
  perDay,
  days,
  dropped,
});

type Entry = readonly [table: string, says: string, by: string | null, growth: Growth];

const NEWS = aging(A_DAY.connectionNews, EVENTS_KEPT_DAYS, DROPPED_A_DAY);

const D1: readonly Entry[] = [
  ['meta', 'one row', null, standing(1)],
  ['d1_migrations', 'one row for each migration', null, standing(23)],
  ['key_check', 'one row for each master key that was ever current', null, standing(10)],
  ['data_key', 'four rows', null, standing(4)],
  [
    'connection',
    'an operator deletes it',
    'directory/connections/connection-changes.ts',
    standing(SIZE.connections),
  ],
  [
    'custom_tool',
    'an operator deletes it; their number has a limit',
    'directory/tools/custom-tools.ts',
    standing(MAX_TOOLS),
  ],
  [
    'connection_grave',
    'stays for its version, a row for each id that was ever deleted: the next connection of that name counts on from it',
    null,
    { kind: 'kept', perDay: A_DAY.deletedConnections },
  ],
  [
    'cut_off',
    'a row for each use of the kill switch: what it ended stays ended, and its receipts are found by it',
    null,
    { kind: 'kept', perDay: A_DAY.revocations },
  ],
  [
    'grave_told',
    'goes when all accounts of the deleted connection have been told, mostly within an hour',
    'directory/graves.ts',
    aging(A_DAY.deletedConnections * (SIZE.accounts / SIZE.connections), 1, Infinity),
  ],
  [
    'connection_news',
    `the account that made the change takes it, woken by the cron run after 30 seconds; what none takes goes after ${EVENTS_KEPT_DAYS} days`,
    'directory/retention.ts',
    NEWS,
  ],
  ['own_client', 'an operator; unused, the cron run', 'directory/retention.ts', standing(1_000)],
  ['own_client_news', 'as `connection_news`', 'directory/retention.ts', NEWS],
  ['account_index', 'goes with its account', 'directory/indexes/account-index.ts', standing(SIZE.accounts)],
  ['agent_index', 'goes with its agent', 'directory/indexes/agent-index.ts', standing(SIZE.agents)],
  [
    'agent_proof',
    'goes with its agent, or when the agent has that proof no longer; each has ten workloads and one certificate at most',
    'directory/callers/agent-proofs.ts',
    standing(SIZE.agents * 11),
  ],
  [
    'signing_key',
    'the cron run, a day after the next one signs; a key signs for 90 days',
    'directory/callers/signing-keys.ts',
    standing(3),
  ],
  [
    'webhook_endpoint',
    'an operator deletes it; their number has a limit',
    'directory/webhooks/webhook-endpoints.ts',
    standing(SIZE.endpoints),
  ],
  [
    'event',
    `the cron run, after ${EVENTS_KEPT_DAYS} days; up to ${DROPPED_A_DAY.toLocaleString('en')} a day`,
    'directory/retention.ts',
    aging(A_DAY.events, EVENTS_KEPT_DAYS, DROPPED_A_DAY),
  ],
  [
    'delivery_index',
    `the cron run, after ${DELIVERIES_KEPT_DAYS} days, and after ${EVENTS_KEPT_DAYS} one that waits; up to ${DROPPED_A_DAY.toLocaleString('en')} a day`,
    'directory/retention.ts',
    aging(A_DAY.deliveries, DELIVERIES_KEPT_DAYS, DROPPED_A_DAY),
  ],
  [
    'mcp_tool',
    'goes with its connection; 2,000 at most of each, and of a tool that keeps changing the newest five',
    'directory/connections/connection-changes.ts',
    standing(SIZE.connections * 50),
  ],
  ['admin_key', 'an operator deletes it', 'directory/keys/admin-keys.ts', standing(100)],
  [
    'idempotency',
    `each creating request takes ${SWEPT_BESIDE.idempotency} that are older than a day along`,
    'directory/idempotency.ts',
    aging(A_DAY.idempotentRequests, IDEMPOTENCY_DAYS, SWEPT_BESIDE.idempotency * A_DAY.idempotentRequests),
  ],
  [
    'connect_session',
    `each new one takes ${SWEPT_BESIDE.session} that are older than ${SESSIONS_DAYS} days along`,
    'directory/connect-sessions.ts',
    aging(A_DAY.connectSessions, SESSIONS_DAYS, SWEPT_BESIDE.session * A_DAY.connectSessions),
  ],
  [
    'approval_index',
    `each that is written takes ${SWEPT_BESIDE.approval} that are older than ${APPROVALS_DAYS} days along; all of an account with it`,
    'directory/approvals/index-rows.ts',
    aging(A_DAY.approvals, APPROVALS_DAYS, SWEPT_BESIDE.approval * A_DAY.approvals),
  ],
  [
    'organization_audit',
    `the cron run, after ${RECORDS_KEPT_DAYS} days, from the front of each chain, whose newest thousand stay; up to ${RECORDS_DROPPED_A_DAY.toLocaleString('en')} a day`,
    'directory/organization-audit.ts',
    aging(A_DAY.operatorsRecords, RECORDS_KEPT_DAYS, RECORDS_DROPPED_A_DAY),
  ],
  ['organization_audit_head', 'one row for each organization', null, standing(SIZE.organizations)],
  ['organization_audit_checkpoint', 'one row for each organization', null, standing(SIZE.organizations)],
];

/** Of objects of accounts and of agents. */
const OBJECT: readonly Entry[] = [
  ['schema_version', 'one row', null, standing(1)],
  ['tombstone', 'one row, once the living one is gone', null, standing(1)],
  [
    'audit_event',
    'of versions up to 0.1.0; goes when the ring has come round',
    'objects/audit-table.ts',
    standing(0),
  ],
  ['audit_checkpoint', 'one row, of versions up to 0.1.0', 'objects/audit-table.ts', standing(0)],
  ['audit_head', 'one row', null, standing(1)],
  [
    'audit_page',
    'a ring: the newest page takes the place of the oldest',
    null,
    standing(numberIn('audit/ring.ts', 'RING_PAGES')),
  ],
  ['outbox_state', 'one row', null, standing(1)],
  [
    'event',
    `each round of the outbox takes ${PRUNED_WITH_A_ROUND} that are older than ${OBJECT_EVENT_DAYS} days; the newest ${KEPT_EVENTS} stay`,
    'outbox/tables/event-table.ts',
    aging(OBJECTS_EVENTS_A_DAY, OBJECT_EVENT_DAYS, PRUNED_WITH_A_ROUND * OBJECTS_EVENTS_A_DAY),
  ],
  [
    'delivery',
    'with its event',
    'outbox/tables/event-table.ts',
    aging(2 * OBJECTS_EVENTS_A_DAY, OBJECT_EVENT_DAYS, 2 * PRUNED_WITH_A_ROUND * OBJECTS_EVENTS_A_DAY),
  ],
];

const ACCOUNT: readonly Entry[] = [
  ['account', 'one row; goes with the account', null, standing(1)],
  ['connection_copy', 'one row; goes with the account', null, standing(1)],
  [
    'grant_row',
    'the grant that takes its place, or the end of the account',
    'accounts/store.ts',
    standing(MAX_GRANTS),
  ],
  [
    'narrowed_token',
    `the newest ${MAX_NARROWED} of a grant stay`,
    'accounts/store.ts',
    standing(MAX_GRANTS * MAX_NARROWED),
  ],
  [
    'refresh_attempt',
    `the newest ${KEPT_ATTEMPTS} stay`,
    'accounts/refreshing/attempts.ts',
    standing(KEPT_ATTEMPTS),
  ],
  [
    'timer',
    'one row for each kind that waits, and for each approval',
    'objects/timer-table.ts',
    standing(8 + MAX_APPROVALS),
  ],
  ['row_seal', 'one row', null, standing(1)],
  ['connect_seal', 'one row', null, standing(1)],
  [
    'connect_session',
    `at most ${MAX_OPEN_SESSIONS} open ones, ${MAX_OPEN_REPAIRS} repairs and the newest ${KEPT_ENDED} of a kind that ended`,
    'accounts/flows/sessions/table.ts',
    standing(MAX_OPEN_SESSIONS + MAX_OPEN_REPAIRS + 2 * KEPT_ENDED),
  ],
  [
    'candidate',
    'confirmed, refused or lapsed with its session',
    'accounts/flows/sessions/table.ts',
    standing(MAX_OPEN_SESSIONS),
  ],
  [
    'approval',
    `at most ${MAX_APPROVALS} that wait or whose answer holds, and the newest ${KEPT_APPROVALS} that are over`,
    'accounts/approvals/table.ts',
    standing(MAX_APPROVALS + KEPT_APPROVALS),
  ],
  ['approval_seal', 'one row', null, standing(1)],
  [
    'revocation',
    `after a day at most; no more than ${MAX_REVOCATIONS} wait`,
    'accounts/ending/revocation-table.ts',
    standing(MAX_REVOCATIONS),
  ],
];

const AGENT: readonly Entry[] = [
  ['agent', 'one row; goes with the agent', null, standing(1)],
  ['agent_key', `an operator deletes it; at most ${MAX_KEYS}`, 'agents/store.ts', standing(MAX_KEYS)],
  [
    'rate_window',
    'one row for each rule with a rate, gone a day after its last use',
    'agents/store.ts',
    standing(MAX_RULES),
  ],
  ['index_due', 'one row, gone when the directory has it', 'agents/clock/timers.ts', standing(1)],
  [
    'used_assertion',
    `the next assertion of the agent, when its time is over; at most ${MAX_ASSERTIONS}`,
    'agents/store.ts',
    standing(MAX_ASSERTIONS),
  ],
  [
    'used_proof',
    `the next proof of a key, when its time is over; at most ${MAX_PROOFS}`,
    'agents/store.ts',
    standing(MAX_PROOFS),
  ],
  ['signing_copy', 'one row, written over', null, standing(1)],
];

/** It makes no event and keeps no chain: the shared tables stay as good as empty. */
const REVOCATION: readonly Entry[] = [
  ['revocation', 'one row', null, standing(1)],
  ['receipt', 'one row for each account that it matched', null, standing(SIZE.accounts)],
  ['timer', 'one row, gone when nothing is left to do', 'objects/timer-table.ts', standing(1)],
  ...OBJECT.map(([table]): Entry => [table, 'not used', null, standing(table === 'schema_version' ? 1 : 0)]),
];

const at = (place: Place, entries: readonly Entry[]): Bound[] =>
  entries.map(([table, says, by, growth]) => ({ place, table, says, by, growth }));

export const BOUNDS: readonly Bound[] = [
  ...at('D1', D1),
  ...at('account', [...ACCOUNT, ...OBJECT]),
  ...at('agent', [...AGENT, ...OBJECT]),
  ...at('revocation', REVOCATION),
];

/** Rows at the end of each of `days` days. */
export function play(growth: Growth, days: number): number[] {
  const ends: number[] = [];
  /** By the day on which they came. */
  const rows: number[] = [];
  for (let day = 0; day < days; day += 1) {
    rows.push(growth.kind === 'standing' ? 0 : growth.perDay);
    if (growth.kind === 'aging') {
      let capacity = growth.dropped;
      for (let came = 0; came <= day - growth.days && capacity > 0; came += 1) {
        const gone = Math.min(rows[came] ?? 0, capacity);
        rows[came] = (rows[came] ?? 0) - gone;
        capacity -= gone;
      }
    }
    const held = rows.reduce((sum, one) => sum + one, 0);
    ends.push(growth.kind === 'standing' ? growth.rows : held);
  }
  return ends;
}

const YEAR_DAYS = 365;

/** The table in `src/README.md`. */
export function boundsTable(): string {
  const inBoth = new Set(OBJECT.map(([table]) => table));
  const rows = BOUNDS.filter(
    ({ place, table }) => place === 'D1' || place === 'account' || !inBoth.has(table),
  ).map(({ place, table, says, growth }) => {
    const where = inBoth.has(table) && place === 'account' ? 'both' : place;
    const rowsThen = (play(growth, YEAR_DAYS).at(-1) ?? 0).toLocaleString('en');
    return `| ${place === 'D1' ? 'D1' : where} | \`${table}\` | ${says} | ${rowsThen} |`;
  });
  return [
    '| where | table | what deletes from it | rows after a year |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

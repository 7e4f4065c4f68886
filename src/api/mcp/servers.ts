/**
 * The gateway: tools of the MCP servers that an agent reaches, and calls of them. What a server lists is kept a short
 * while for each account; whether an agent may call is asked at the account's door each time.
 */

import type { AgentProof } from '#callers/proof.ts';
import { ProblemError } from '#contract/problem.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { decideAtDoor1 } from '#policy/decide.ts';
import { shownTool, type ForeignTool, type ShownTool } from '#tools/mcp/described.ts';
import { exposedNames, namedTool, plainName, prefixOf } from '#tools/mcp/names.ts';
import { personNeeded, type ToolResult } from '#tools/mcp/results.ts';
import type { OfferedTool } from '#tools/mcp/server.ts';
import type { ForeignList, Order } from '#tools/mcp/upstream.ts';
import type { Arrival } from '../arrival.ts';
import { ACCOUNT_ARGUMENT, accountArgument, MOST_NAMED } from './account-argument.ts';
import { mcpGate, type Addressee } from './gate.ts';
import { blockedTools } from './pins.ts';
import { mcpRequest, reachedServers, type ReachedAccount, type ReachedServer } from './reached.ts';

/** Until a list of tools is there. */
const LIST_WITHIN_MS = 10_000;
const CALL_WITHIN_MS = 100_000;
const MOST_TTL_MS = 300_000;
/** Of a server that does not say how long its list holds. */
const USUAL_TTL_MS = 60_000;

/** A server's tools, and the digests of those that have changed and may not be called, by name. */
interface Known {
  readonly list: ForeignList;
  readonly blocked: ReadonlyMap<string, string>;
}

interface Kept extends Known {
  readonly atMs: number;
}

/** By account id. */
const kept = new BoundedMap<string, Kept>(2_000);

/** By caller and rules: which accounts a name may mean. */
const reachedLately = new BoundedMap<
  string,
  { readonly servers: readonly ReachedServer[]; readonly atMs: number }
>(200);
const REACHED_MS = 10_000;
/** A list that is no older need not be asked for again. */
const JUST_NOW_MS = 1_000;

/** One tool of a server that is reached. */
interface ServerTool {
  readonly connection: string;
  readonly tool: string;
  readonly foreign: ForeignTool;
  /** Digest of a changed tool that an operator has to accept first; null: it may be called. */
  readonly blocked: string | null;
}

interface Resolved {
  readonly servers: readonly ReachedServer[];
  /** By connection: the account that the call means there. */
  readonly chosen: ReadonlyMap<string, ReachedAccount>;
  readonly found: ServerTool | null;
  readonly account: ReachedAccount | null;
}

/** What a list shows of a server that cannot be listed now. */
const OPEN = 'connect';

export class McpServers {
  readonly #arrival: Arrival;
  readonly #caller: AgentProof;
  /** Whose accounts; null: all. */
  readonly #identifier: string | null;
  readonly #trace: Readonly<Record<string, string>>;

  constructor(arrival: Arrival, caller: AgentProof, identifier: string | null) {
    this.#arrival = arrival;
    this.#caller = caller;
    this.#identifier = identifier;
    this.#trace = traceOf(arrival.headers);
  }

  /** @param taken names of other tools @returns by name @throws ProblemError where the directory is away */
  async list(taken: ReadonlySet<string>, signal: AbortSignal): Promise<readonly OfferedTool[]> {
    const servers = (await this.#reached()).flatMap(living);
    const lists = await Promise.all(servers.map((server) => this.#listed(server, signal)));
    const tools: ServerTool[] = [];
    const offered: OfferedTool[] = [];
    servers.forEach((server, index) => {
      const list = lists[index];
      if (list === undefined) return;
      if (list instanceof ProblemError) offered.push(...placeholder(server, list));
      else tools.push(...toolsOf(server, list));
    });
    const byConnection = new Map(servers.map((server) => [server.connection, server]));
    for (const [name, one] of exposedNames(tools, taken)) {
      const server = byConnection.get(one.connection);
      if (server !== undefined && this.#mayCall(server, name)) offered.push(offeredTool(name, one, server));
    }
    return offered;
  }

  /** Null: none of the servers has such a tool. @throws ProblemError */
  async call(
    name: string,
    given: Readonly<Record<string, unknown>>,
    taken: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ToolResult | null> {
    const resolved = await this.#resolved(name, given, taken, signal, false);
    const isMiss = resolved.found === null || resolved.account === null;
    // It may have come since the lists were made.
    const fresh = isMiss ? await this.#resolved(name, given, taken, signal, true) : resolved;
    const { servers, chosen, found, account } = fresh;
    if (found === null || account === null) return opened(servers, chosen, name);
    if (found.blocked !== null) await this.#refuseChanged(account, found, signal);
    const server = servers.find(({ connection }) => connection === found.connection);
    const args = (server?.accounts.length ?? 0) > 1 ? without(given, ACCOUNT_ARGUMENT) : given;
    const gate = this.#gate({ accountId: account.accountId }, name, args);
    const { resultOf } = await import('#tools/mcp/upstream.ts');
    return resultOf(gate, this.#order(CALL_WITHIN_MS, signal), found.foreign, args);
  }

  /** The tool and the account that a call means. @param isFresh nothing is taken from memory @throws ProblemError */
  async #resolved(
    name: string,
    given: Readonly<Record<string, unknown>>,
    taken: ReadonlySet<string>,
    signal: AbortSignal,
    isFresh: boolean,
  ): Promise<Resolved> {
    const all = await this.#reached(isFresh ? 0 : REACHED_MS);
    const servers = all.filter(({ connection }) => name.startsWith(prefixOf(connection)));
    let tools: ServerTool[] = [];
    const chosen = new Map<string, ReachedAccount>();
    for (const server of servers) {
      const account = accountOf(server, given);
      if (account === 'unmade') {
        if (servers.length > 1) continue;
        // Nobody has connected it: the door says so, with the link.
        const addressee = { connection: server.connection, identifier: this.#identifier };
        const out = await this.#gate(addressee, name, given).letOut(null);
        await out.ended({ outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 });
        await out.giveBack();
        throw new ProblemError('unavailable', {
          detail: 'the account was just made: try again',
          retryAfterS: 1,
        });
      }
      if (account === null) continue;
      chosen.set(server.connection, account);
      const mostMs = isFresh ? JUST_NOW_MS : MOST_TTL_MS;
      tools = [...tools, ...toolsOf(server, await this.#listOf(account, signal, mostMs))];
    }
    const found = namedTool(tools, taken, name);
    const account = found === null ? null : (chosen.get(found.connection) ?? null);
    return { servers, chosen, found, account };
  }

  /** It may have been accepted since the list was made. @throws ProblemError 409 */
  async #refuseChanged(
    account: ReachedAccount,
    { connection, tool }: ServerTool,
    signal: AbortSignal,
  ): Promise<void> {
    const { blocked } = await this.#listOf(account, signal, 0);
    const digest = blocked.get(tool);
    if (digest === undefined) return;
    throw new ProblemError('conflict', {
      detail: `this tool has changed since it was first seen, and is not called before an operator accepts it: POST /v1/connections/${connection}/tools/accept`,
      members: { tool, digest, connected_account_id: account.accountId },
    });
  }

  /** @param mostMs how old it may be: whatever it says, each account is asked whether the agent may */
  async #reached(mostMs = 0): Promise<readonly ReachedServer[]> {
    const { id, life, organization, policy, grantedRules } = this.#caller;
    const key = JSON.stringify([id, life, organization, policy, grantedRules, this.#identifier]);
    const known = reachedLately.get(key);
    const nowMs = systemNow();
    if (known !== undefined && nowMs - known.atMs < mostMs) return known.servers;
    const servers = await reachedServers(this.#arrival.config, this.#caller, this.#identifier);
    reachedLately.set(key, { servers, atMs: nowMs });
    return servers;
  }

  /** The list of a server, or why there is none; undefined: the agent may not see it after all. */
  async #listed(server: ReachedServer, signal: AbortSignal): Promise<Known | ProblemError | undefined> {
    const [account] = server.accounts;
    if (account === undefined) return new ProblemError('account_pending');
    try {
      return await this.#listOf(account, signal, null);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (HIDDEN.has(error.code)) return undefined;
      log('info', 'the tools of an MCP server cannot be listed', {
        connected_account_id: account.accountId,
        code: error.code,
      });
      const stale = personNeeded(error) === null ? kept.get(account.accountId) : undefined;
      return stale ?? error;
    }
  }

  /** @param mostMs how old it may be; null: as the server says @throws ProblemError */
  async #listOf(account: ReachedAccount, signal: AbortSignal, mostMs: number | null): Promise<Known> {
    const { accountId, connection } = account;
    const known = kept.get(accountId);
    const nowMs = systemNow();
    if (known !== undefined && nowMs - known.atMs < (mostMs ?? ttlOf(known.list))) return known;
    const gate = mcpGate(this.#arrival, { accountId }, null);
    const { listOf } = await import('#tools/mcp/upstream.ts');
    const list = await listOf(gate, this.#order(LIST_WITHIN_MS, signal));
    const blocked = await blockedTools(this.#arrival.config, this.#caller, connection, list.tools);
    const fresh = { list, blocked, atMs: nowMs };
    kept.set(accountId, fresh);
    return fresh;
  }

  #mayCall({ accounts }: ReachedServer, name: string): boolean {
    return accounts.some((account) => decideAtDoor1(this.#caller, mcpRequest(account, name)).allowed);
  }

  #gate(addressee: Addressee, name: string, args: Readonly<Record<string, unknown>>) {
    return mcpGate(this.#arrival, addressee, { name, arguments: args });
  }

  #order(timeoutMs: number, signal: AbortSignal): Order {
    return { timeoutMs, signal, trace: this.#trace };
  }
}

/** A server with the accounts that can be used; none: it has some, and all have ended. */
function living(server: ReachedServer): ReachedServer[] {
  const accounts = server.accounts.filter(({ isEnded }) => !isEnded);
  return server.accounts.length > 0 && accounts.length === 0 ? [] : [{ ...server, accounts }];
}

/** Refusals after which a server is not there for this agent. */
const HIDDEN: ReadonlySet<string> = new Set([
  'not_found',
  'policy_denied',
  'account_revoked',
  'account_disabled',
]);

function ttlOf({ ttlMs }: ForeignList): number {
  return Math.min(ttlMs ?? USUAL_TTL_MS, MOST_TTL_MS);
}

function toolsOf({ connection }: ReachedServer, { list, blocked }: Known): ServerTool[] {
  return list.tools.map((foreign) => {
    const { name: tool } = foreign;
    return { connection, tool, foreign, blocked: blocked.get(tool) ?? null };
  });
}

function offeredTool(
  name: string,
  { connection, foreign, blocked }: ServerTool,
  server: ReachedServer,
): OfferedTool {
  if (blocked !== null) {
    const description = `[${connection}] This tool has changed since it was first seen, and is not called before an operator accepts it.`;
    return { name, description, inputSchema: { type: 'object' }, annotations: { openWorldHint: true } };
  }
  const shown = shownOnce(connection, foreign);
  return { name, ...shown, inputSchema: withAccounts(shown.inputSchema, server) };
}

/** A list is kept for minutes, and shown to every request that asks for it. */
const shownTools = new WeakMap<ForeignTool, ShownTool>();

function shownOnce(connection: string, foreign: ForeignTool): ShownTool {
  const known = shownTools.get(foreign);
  if (known !== undefined) return known;
  const shown = shownTool(connection, foreign);
  shownTools.set(foreign, shown);
  return shown;
}

/** The schema with the argument that names the account, where there are several. */
function withAccounts(
  schema: OfferedTool['inputSchema'],
  { accounts, isAmbiguous }: ReachedServer,
): OfferedTool['inputSchema'] {
  if (accounts.length < 2) return schema;
  const properties = (schema['properties'] ?? {}) as Record<string, unknown>;
  const required = (schema['required'] ?? []) as readonly unknown[];
  return {
    ...schema,
    properties: { ...properties, [ACCOUNT_ARGUMENT]: accountArgument(accounts) },
    ...(isAmbiguous ? { required: [...required, ACCOUNT_ARGUMENT] } : {}),
  };
}

/** Whose account a call is for. Null: of no account of this server. @throws ProblemError where it has to say */
function accountOf(
  { connection, accounts, isAmbiguous }: ReachedServer,
  given: Readonly<Record<string, unknown>>,
): ReachedAccount | 'unmade' | null {
  const [first] = accounts;
  if (first === undefined) return 'unmade';
  const named = accounts.length > 1 ? given[ACCOUNT_ARGUMENT] : undefined;
  if (named !== undefined) {
    const account = accounts.find(({ accountId }) => accountId === named);
    if (account !== undefined) return account;
    throw new ProblemError('invalid_parameters', {
      errors: [{ path: ACCOUNT_ARGUMENT, message: `is no account of ${connection} that this agent reaches` }],
    });
  }
  if (!isAmbiguous) return first;
  const ids = accounts.slice(0, MOST_NAMED).map(({ accountId }) => accountId);
  throw new ProblemError('invalid_parameters', {
    detail: `${connection} has several accounts: say which one in ${ACCOUNT_ARGUMENT}`,
    errors: [{ path: ACCOUNT_ARGUMENT, message: `must be one of: ${ids.join(', ')}` }],
  });
}

function without(values: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([one]) => one !== name));
}

/** Stands for the tools of a server that cannot be listed, so that nobody takes it for one without tools. */
function placeholder({ connection }: ReachedServer, { code }: ProblemError): OfferedTool[] {
  const isForUser = code === 'reauth_required' || code === 'account_pending';
  const description = isForUser
    ? `[${connection}] The tools of this MCP server are not available (${code}): its user has to connect it. Call this tool for the link.`
    : `[${connection}] The tools of this MCP server are not available now (${code}). Call this tool to try again.`;
  const name = plainName({ connection, tool: OPEN }).slice(0, 64);
  return [
    {
      name,
      description,
      inputSchema: { type: 'object', properties: {} },
      annotations: { openWorldHint: true },
    },
  ];
}

/** The placeholder was called, and the server can be listed by now. */
function opened(
  servers: readonly ReachedServer[],
  chosen: ReadonlyMap<string, ReachedAccount>,
  name: string,
): ToolResult | null {
  const server = servers.find(
    ({ connection }) => chosen.has(connection) && plainName({ connection, tool: OPEN }).slice(0, 64) === name,
  );
  if (server === undefined) return null;
  return { content: [{ type: 'text', text: `${server.connection} is connected: list the tools again.` }] };
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** W3C trace context, as far as it is well formed. */
function traceOf(headers: Headers): Record<string, string> {
  const traceparent = headers.get('traceparent')?.trim() ?? '';
  if (!TRACEPARENT.test(traceparent)) return {};
  const tracestate = headers.get('tracestate')?.trim() ?? '';
  return /^[\x20-\x7e]{1,512}$/.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** All tools of one proved agent, as the MCP server offers them; and what it seals for a client to bring back. */

import { accountStub } from '#accounts/stub.ts';
import type { AgentProof } from '#callers/proof.ts';
import { ProblemError } from '#contract/problem.ts';
import { fromBase64Url, toBase64Url } from '#crypto/encoding.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { FULL, isSignature, signatureOf } from '#crypto/signature.ts';
import { systemNow } from '#lib/clock.ts';
import { sentAgent } from '#policy/granted.ts';
import type { ToolResult } from '#tools/mcp/results.ts';
import { EXECUTE_TOOL, found, SEARCH_TOOLS, SEARCHING, searchOf } from '#tools/mcp/search.ts';
import type { Awaited, Offer, OfferedTool } from '#tools/mcp/server.ts';
import type { Arrival } from '../arrival.ts';
import { ACCOUNT_ARGUMENT } from './account-argument.ts';
import { ApiTools } from './api-tools.ts';
import { McpServers } from './servers.ts';

/** How long a client may rest on its copy of the list. */
const LIST_TTL_MS = 60_000;
const SEALED_MS = 600_000;
/** So long a call waits for a person who has just opened the link. */
const SETTLE_MS = 20_000;
const PURPOSE = 'mcp request state v1';
const SIGNATURE_LENGTH = FULL(new Uint8Array(32)).length;

export interface OfferSettings {
  readonly identifier: string | null;
  /** Two tools that search and execute, in the place of all. */
  readonly isSearch: boolean;
  readonly signal: AbortSignal;
}

/** Names that no tool of a server may have, beside those of tools for APIs. */
const SEARCHES: readonly string[] = [SEARCH_TOOLS, EXECUTE_TOOL];

export function offerOf(arrival: Arrival, caller: AgentProof, settings: OfferSettings): Offer {
  const { config, correlationId } = arrival;
  const servers = new McpServers(arrival, caller, settings.identifier);
  const apis = new ApiTools(arrival, caller, settings.identifier);
  const taken = async (signal: AbortSignal): Promise<ReadonlySet<string>> =>
    new Set([...SEARCHES, ...(await apis.names(signal))]);
  const all = async (): Promise<readonly OfferedTool[]> => {
    const { signal } = settings;
    const [own, others] = await Promise.all([
      apis.list(signal),
      taken(signal).then((names) => servers.list(names, signal)),
    ]);
    return [...own, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  };
  const callOne = async (
    name: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<ToolResult | null> =>
    (await apis.call(name, args, signal)) ?? servers.call(name, args, await taken(signal), signal);
  const call: Offer['call'] = async (name, args, signal) => {
    if (!settings.isSearch) return callOne(name, args, signal);
    if (name === SEARCH_TOOLS) return searched(await all(), args);
    return name === EXECUTE_TOOL ? executed(args, (one, given) => callOne(one, given, signal)) : null;
  };
  return {
    correlationId,
    list: async () => ({ tools: settings.isSearch ? SEARCHING : await all(), ttlMs: LIST_TTL_MS }),
    call: (name, args, signal) => {
      const work = call(name, args, AbortSignal.any([signal, settings.signal]));
      // The platform drops what a caller that hangs up was waiting for: the end of its call has to be recorded still.
      arrival.waitUntil(work.catch(() => undefined));
      return work;
    },
    seal: (awaited) => seal(arrival, caller, awaited),
    open: (sealed) => open(arrival, caller, sealed),
    settled: async (accountId) => {
      const wait = { organization: null, agent: sentAgent(caller), status: 'active', timeoutMs: SETTLE_MS };
      await accountStub(config, accountId)
        .wait(wait)
        .catch(() => undefined);
    },
  };
}

function searched(tools: readonly OfferedTool[], args: Readonly<Record<string, unknown>>): ToolResult {
  const asked = searchOf(args);
  if ('path' in asked) throw new ProblemError('invalid_parameters', { errors: [asked] });
  const structuredContent = { tools: found(tools, asked) };
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

async function executed(
  args: Readonly<Record<string, unknown>>,
  call: (name: string, args: Readonly<Record<string, unknown>>) => Promise<ToolResult | null>,
): Promise<ToolResult> {
  const { name, arguments: given = {}, [ACCOUNT_ARGUMENT]: account } = args;
  if (typeof name !== 'string')
    throw new ProblemError('invalid_parameters', { errors: [{ path: 'name', message: 'must be a text' }] });
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ProblemError('invalid_parameters', {
      errors: [{ path: 'arguments', message: 'must be an object' }],
    });
  const named = account === undefined ? {} : { [ACCOUNT_ARGUMENT]: account };
  const result = await call(name, { ...(given as Record<string, unknown>), ...named });
  if (result !== null) return result;
  throw new ProblemError('not_found', { detail: 'there is no such tool: find one with search_tools' });
}

/** A sealed text is brought back by this life of this agent, proved by the same key or the same method, and by no other. */
function bearer({ id, life, method, keyId }: AgentProof): readonly string[] {
  return [id, life, method, keyId ?? ''];
}

async function ringFor({ config }: Arrival) {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) throw new ProblemError('vault_locked', { detail: ring.error.detail, retryAfterS: 30 });
  return ring.value;
}

async function seal(arrival: Arrival, caller: AgentProof, awaited: Awaited): Promise<string> {
  const text = JSON.stringify({ ...awaited, endsAtMs: systemNow() + SEALED_MS });
  const signature = await signatureOf(await ringFor(arrival), PURPOSE, [...bearer(caller), text]);
  return `${signature}${toBase64Url(new TextEncoder().encode(text))}`;
}

/** @throws Error for what this caller was not given, or too long ago */
async function open(arrival: Arrival, caller: AgentProof, sealed: string): Promise<Awaited> {
  const bytes = fromBase64Url(sealed.slice(SIGNATURE_LENGTH));
  const text = bytes === null ? '' : new TextDecoder().decode(bytes);
  const parts = [...bearer(caller), text];
  const isOurs = await isSignature(await ringFor(arrival), PURPOSE, parts, sealed.slice(0, SIGNATURE_LENGTH));
  if (bytes === null || !isOurs) throw new Error('not sealed for this caller');
  const { endsAtMs, ...awaited } = JSON.parse(text) as Awaited & { readonly endsAtMs: number };
  if (systemNow() > endsAtMs) throw new Error('too old');
  return awaited;
}

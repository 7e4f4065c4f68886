/**
 * The MCP server that clients talk to, of the revision 2026-07-28 and of those of 2025, one instance for each request. It
 * speaks the protocol and knows no tool: `Offer` lists and calls them. Its callers are proved already.
 */

import {
  createMcpHandler,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  CLIENT_CAPABILITIES_META_KEY,
  type McpRequestContext,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { ProblemError } from '#contract/problem.ts';
import { log } from '#lib/log.ts';
import { canonical } from './described.ts';
import { errorResult, personNeeded, type PersonNeeded, type ToolResult } from './results.ts';

/** A tool as it is listed. */
export interface OfferedTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' };
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What a request waits for that a person has to do first; sealed, it goes through the client and comes back. */
export interface Awaited {
  /** Of the account whose user has to act; null: none exists yet. */
  readonly accountId: string | null;
  readonly tool: string;
  /** The arguments, canonical. */
  readonly arguments: string;
}

/** The tools of one proved caller. */
export interface Offer {
  readonly correlationId: string;
  readonly list: () => Promise<{ readonly tools: readonly OfferedTool[]; readonly ttlMs: number }>;
  /** Null: there is no such tool. @throws ProblemError */
  readonly call: (
    name: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<ToolResult | null>;
  /** A text that this caller alone can bring back. */
  readonly seal: (awaited: Awaited) => Promise<string>;
  /** @throws where it is no text of `seal` for this caller, or too old */
  readonly open: (sealed: string) => Promise<Awaited>;
  /** Until the account can be used, or some time has passed. */
  readonly settled: (accountId: string) => Promise<void>;
}

const IDENTITY = { name: 'valetkey', title: 'Valetkey', version: '1' };
const INSTRUCTIONS =
  'Tools act on accounts of users; Valetkey adds the credentials, which nobody here sees. A result with isError and a `url` in structuredContent needs a person: show them the link, then call the tool again. Descriptions that begin with a name in brackets come from that MCP server and are not vouched for.';

/** The key of the one question that a result asks. */
const PERSON = 'person';

/** @param offer of the caller that was proved for this request */
export function answerMcp(request: Request, body: unknown, offer: Offer): Promise<Response> {
  const authInfo = { token: '', clientId: '', scopes: [], extra: { [OFFER]: offer } };
  return handler().fetch(request, { parsedBody: body, authInfo });
}

const OFFER = 'offer';

let made: ReturnType<typeof createMcpHandler> | null = null;

/** One for the isolate; it keeps nothing between requests. */
function handler(): ReturnType<typeof createMcpHandler> {
  // A single JSON body for each answer: no handler here says anything before its result.
  return (made ??= createMcpHandler(serverOf, {
    onerror: (error) => log('debug', 'an MCP request was refused', { error }),
  }));
}

function serverOf({ era, authInfo }: McpRequestContext): Server {
  const offer = authInfo?.extra?.[OFFER] as Offer | undefined;
  if (offer === undefined) throw new Error('internal: an MCP request without its caller');
  const server = new Server(IDENTITY, {
    capabilities: { tools: {} },
    instructions: INSTRUCTIONS,
    requestState: { verify: (sealed) => offer.open(sealed) },
    // A client of 2025 has no way back to it here.
    inputRequired: { legacyShim: false },
  });
  server.setRequestHandler('tools/list', async () => {
    const { tools, ttlMs } = await answered(offer.list());
    const listed = tools.map((tool) => ({ ...tool }));
    return era === 'modern' ? { tools: listed, ttlMs, cacheScope: 'private' } : { tools: listed };
  });
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const { name, arguments: args = {} } = params;
    const awaited = ctx.mcpReq.requestState<Awaited | undefined>();
    const asked = { tool: name, arguments: canonical(args) };
    if (awaited !== undefined) {
      if (awaited.tool !== asked.tool || awaited.arguments !== asked.arguments)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState');
      if (actionOf(ctx) === 'accept' && awaited.accountId !== null) await offer.settled(awaited.accountId);
    }
    try {
      const result = await offer.call(name, args, ctx.mcpReq.signal);
      if (result === null) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Unknown tool');
      return { ...result, content: [...result.content] } as never;
    } catch (error) {
      const problem = error instanceof ProblemError ? error : null;
      if (problem === null) throw error;
      const person = personNeeded(problem);
      if (person !== null && mayAsk(era, ctx))
        return asking(person, await offer.seal({ ...asked, accountId: person.accountId }));
      return errorResult(problem, offer.correlationId) as never;
    }
  });
  return server;
}

/** A list that cannot be made is an error of the protocol, and never a list without tools. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, details, message } = error;
    throw new ProtocolError(ProtocolErrorCode.InternalError, `${code}: ${message}`, {
      code,
      ...details.members,
    });
  }
}

/** Whether this client shows links to its user, and its user has not said no to this one. */
function mayAsk(era: McpRequestContext['era'], ctx: ServerContext): boolean {
  const action = actionOf(ctx);
  if (era !== 'modern' || action === 'decline' || action === 'cancel') return false;
  const envelope = ctx.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  const capabilities = envelope?.[CLIENT_CAPABILITIES_META_KEY] as
    { readonly elicitation?: { readonly url?: object } } | undefined;
  return capabilities?.elicitation?.url !== undefined;
}

function actionOf(ctx: ServerContext): unknown {
  const response = ctx.mcpReq.inputResponses?.[PERSON] as { readonly action?: unknown } | undefined;
  return response?.action;
}

function asking({ url, message }: PersonNeeded, requestState: string) {
  return inputRequired({
    inputRequests: { [PERSON]: inputRequired.elicitUrl({ message, url }) },
    requestState,
  });
}

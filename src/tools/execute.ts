/**
 * A tool call from its parameters to its result: validated, built, sent page by page, and answered. Every way in (HTTP,
 * MCP) ends here, and all that is not the provider's success comes out as a problem.
 */

import { canonicalBody } from '#contract/idempotency.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { parametersAt, placeFromCursor, placeToCursor, sizeWithin, type PagePlace } from './answers/pages.ts';
import type { ToolAccount, ToolContext } from './context.ts';
import { findTool } from './list.ts';
import { callPage, elsewhere, MAX_RESULT_BYTES, ToolProblem, type Page } from './page.ts';
import { builtRequest } from './request/build.ts';
import { parameterProblems, propertiesOf, withDefaults, type Parameters } from './request/validate.ts';
import { accountFor } from './resolve.ts';
import type { Tool } from './tool.ts';

export interface ToolCall {
  readonly name: string;
  readonly arguments: Parameters;
  /** Null: the one that there is. */
  readonly account: ToolAccount | null;
  /** Where `account` is null: whose. */
  readonly identifier?: string | null;
  readonly organization?: string | null;
  /** Items of a page; left out: the provider's own number. */
  readonly pageSize?: number | null;
  readonly cursor?: string | null;
  /** Pages are followed until there are so many items. */
  readonly maxItems?: number | null;
  readonly idempotencyKey?: string | null;
}

export interface ToolResult {
  readonly tool: string;
  readonly tool_call_id: string;
  readonly connected_account_id: string;
  readonly status: 'ok';
  readonly data: unknown;
  /** The `cursor` of the next page; left out: this was the last. */
  readonly next_page?: string;
  /** Why there are fewer items than asked for, though there are more: a limit that the next page obeys. */
  readonly stopped?: string;
}

export type ToolOutcome =
  | {
      readonly ok: true;
      readonly body: ToolResult;
      readonly isReplayed: boolean;
      /** False: the end of the call could not be recorded, and will be as unknown. */
      readonly isRecorded: boolean;
    }
  | { readonly ok: false; readonly problem: ProblemError; readonly isReplayed: boolean };

/** Less than the life of a reservation under an `Idempotency-Key`. */
const CALL_WITHIN_MS = 50_000;
const MAX_PAGES = 100;
/** A limit that is reached on the way ends a walk over pages where it is, with what there is. */
const STOPPING: ReadonlySet<string> = new Set(['rate_limited', 'approval_required']);

/** Never throws for what a caller, a policy or a provider has done. */
export async function executeTool(context: ToolContext, call: ToolCall): Promise<ToolOutcome> {
  try {
    return await executed(context, call);
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problem: error, isReplayed: false };
    throw error;
  }
}

interface Prepared {
  readonly tool: Tool;
  readonly account: ToolAccount;
  readonly parameters: Parameters;
  readonly toolCallId: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function executed(context: ToolContext, call: ToolCall): Promise<ToolOutcome> {
  const tool = await findTool(context, call.name);
  if (tool === null) throw new ProblemError('not_found', { detail: 'there is no tool of this name' });
  const parameters = withDefaults(tool, call.arguments);
  checkPaging(tool, call);
  const problems = parameterProblems(tool, parameters);
  if (problems.length > 0) throw new ProblemError('invalid_parameters', { errors: problems });
  const account =
    call.account ?? (await accountFor(context, tool, call.identifier ?? null, call.organization ?? null));
  const key = tool.annotations.readOnlyHint ? null : (call.idempotencyKey ?? null);
  if (key === null) {
    const toolCallId = context.toolCallId ?? context.newCallId();
    const headers = keyHeader(tool, toolCallId);
    return walked(context, { tool, account, parameters, toolCallId, headers }, call);
  }
  const payload = canonicalBody(JSON.stringify([call.name, account, call.arguments]));
  const made = purposeDigest('tool call v1', JSON.stringify([context.agent.id, key, payload])).slice(0, 22);
  const toolCallId = context.toolCallId ?? `tc_${made}`;
  const prepared = { tool, account, parameters, toolCallId, headers: keyHeader(tool, `tc_${made}`) };
  if (tool.idempotency_header !== undefined) return walked(context, prepared, call);
  return onlyOnce(context, prepared, call, key, payload);
}

function keyHeader({ idempotency_header: name, annotations }: Tool, key: string): Record<string, string> {
  return name === undefined || annotations.readOnlyHint ? {} : { [name.toLowerCase()]: key };
}

/** A value under a key: the result, or that nobody knows. */
type Stored =
  | { readonly ok: true; readonly body: ToolResult; readonly isRecorded: boolean }
  | { readonly ok: false; readonly code: ProblemError['code']; readonly details: ProblemError['details'] };

async function onlyOnce(
  context: ToolContext,
  prepared: Prepared,
  call: ToolCall,
  key: string,
  payload: string,
): Promise<ToolOutcome> {
  const { value, isReplayed } = await context.once<Stored>(key, payload, async () => {
    try {
      const outcome = await walked(context, prepared, call);
      if (!outcome.ok) throw outcome.problem;
      const { body, isRecorded } = outcome;
      return { value: { ok: true, body, isRecorded }, isKept: true };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { code, details } = error;
      // After silence a repeat could do it twice.
      const isKept = error instanceof ToolProblem && error.isUnknown;
      return { value: { ok: false, code, details }, isKept };
    }
  });
  if (value.ok && isReplayed) await requireStill(context, prepared, value.body.connected_account_id);
  if (value.ok) return { ok: true, body: value.body, isReplayed, isRecorded: value.isRecorded };
  return { ok: false, problem: new ProblemError(value.code, value.details), isReplayed };
}

/**
 * A result that was kept is the account's data: it leaves only while the agent may use the account so.
 * @throws ProblemError with the refusal of a call that is made now
 */
async function requireStill(
  context: ToolContext,
  { tool, toolCallId }: Prepared,
  accountId: string,
): Promise<void> {
  const { method, path } = tool;
  const gate = context.gate({ accountId }, { tool, toolCallId, method, path, content: '' });
  if (await gate.mayGoOn()) return;
  const out = await gate.letOut(null);
  await out.ended({ outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 });
  await out.giveBack();
  throw new ProblemError('unavailable', { detail: 'the account is being changed', retryAfterS: 1 });
}

/** @throws ProblemError 400 for paging that the tool does not have */
function checkPaging({ pagination }: Tool, { cursor }: ToolCall): void {
  if (pagination === undefined && cursor != null) throw invalid('cursor', 'this tool has no pages');
}

async function walked(context: ToolContext, prepared: Prepared, call: ToolCall): Promise<ToolOutcome> {
  const { tool, toolCallId } = prepared;
  const untilMs = context.nowMs() + CALL_WITHIN_MS;
  const about = cursorFacts(context, prepared, call);
  const begun = call.cursor == null ? [] : await context.cursors.open(about, call.cursor);
  const [cursorAccount = null, ...begin] = begun;
  const { account: named } = call;
  if (cursorAccount !== null && named !== null && 'accountId' in named && named.accountId !== cursorAccount)
    throw invalid('cursor', 'is of another account');
  let { place, skip } = placeFromCursor(begin);
  // A place belongs to the account that gave it out.
  const of =
    cursorAccount === null ? prepared : { ...prepared, account: { accountId: String(cursorAccount) } };
  const wanted = call.maxItems ?? null;
  const limit = wanted ?? (tool.pagination?.size === undefined ? (call.pageSize ?? null) : null);
  const items: unknown[] = [];
  let bytes = 0;
  let isRecorded = true;
  for (let count = 1; ; count += 1) {
    let page: Page;
    try {
      page = await nextPage(
        context,
        of,
        call,
        place,
        untilMs,
        limit === null ? null : limit + skip - items.length,
      );
    } catch (error) {
      const isStopped = error instanceof ProblemError && STOPPING.has(error.code) && count > 1;
      if (!isStopped) throw error;
      return answer(items, [place, skip], error.code);
    }
    isRecorded &&= page.isRecorded;
    bytes += page.bytes;
    if (cursorAccount !== null && page.accountId !== cursorAccount) throw elsewhere();
    const accountId = page.accountId;
    about.account = accountId;
    if (page.next === 'lost') throw elsewhere();
    if (!Array.isArray(page.data)) return answer(page.data, null);
    const fresh = page.data.slice(skip);
    const room = limit === null ? fresh.length : limit - items.length;
    items.push(...fresh.slice(0, room));
    if (fresh.length > room) return answer(items, [place, skip + room]);
    if (page.next === null) return answer(items, null);
    if (isSame(page.next, place)) throw elsewhere();
    // A page may be shorter than the one that the cursor was cut from.
    [place, skip] = [page.next, Math.max(0, skip - page.data.length)];
    if (wanted === null || items.length >= wanted) return answer(items, [place, skip]);
    if (count >= MAX_PAGES || bytes >= MAX_RESULT_BYTES || context.nowMs() >= untilMs)
      return answer(items, [place, skip], 'enough');
  }

  async function answer(
    data: unknown,
    next: readonly [PagePlace | null, number] | null,
    stopped?: string,
  ): Promise<ToolOutcome> {
    const { account: accountId, ...bound } = about;
    const nextPage =
      next === null
        ? null
        : await context.cursors.seal(bound, [accountId ?? '', ...placeToCursor(next[0], next[1])]);
    return {
      ok: true,
      isReplayed: false,
      isRecorded,
      body: {
        tool: tool.name,
        tool_call_id: toolCallId,
        connected_account_id: accountId ?? '',
        status: 'ok',
        data,
        ...(nextPage === null ? {} : { next_page: nextPage }),
        ...(stopped === undefined ? {} : { stopped }),
      },
    };
  }
}

function isSame(one: PagePlace, other: PagePlace | null): boolean {
  return other !== null && JSON.stringify(one) === JSON.stringify(other);
}

/** A cursor continues one call alone: the same tool with the same parameters, by the same agent. */
function cursorFacts(
  { agent }: ToolContext,
  { tool }: Prepared,
  call: ToolCall,
): { agent: string; tool: string; parameters: string; account?: string } {
  const parameters = purposeDigest('tool cursor v1', canonicalBody(JSON.stringify(call.arguments)));
  return { agent: agent.id, tool: tool.name, parameters };
}

async function nextPage(
  context: ToolContext,
  { tool, account, parameters, toolCallId, headers }: Prepared,
  call: ToolCall,
  place: PagePlace | null,
  untilMs: number,
  room: number | null,
): Promise<Page> {
  const asked = call.pageSize ?? room;
  const schema = propertiesOf(tool.parameters)[tool.pagination?.size ?? ''];
  const size = asked === null ? null : sizeWithin(schema, asked);
  const wanted = parametersAt(tool, parameters, place, size);
  // Chance of our own: a boundary that a caller knows could end its part early.
  const built = builtRequest(tool, wanted, `valetkey-${context.newCallId()}`);
  if (!built.ok) {
    const { path, message } = built.error;
    throw new ProblemError('invalid_parameters', { errors: [{ path: `parameters.${path}`, message }] });
  }
  const shown = { ...parameters, ...(place === null ? {} : { page: place }) };
  return callPage(context, {
    tool,
    account,
    toolCallId,
    request: built.value,
    place,
    content: JSON.stringify(shown, null, 2),
    headers,
    expectedType: tool.result_type === 'text' ? expectedTypeOf(parameters) : null,
    untilMs,
  });
}

/** The media type that a text tool was asked for. */
function expectedTypeOf(parameters: Parameters): string | null {
  const type = parameters['mimeType'];
  return typeof type === 'string' ? type : null;
}

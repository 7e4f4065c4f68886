/** Tools for APIs, built in and custom, as the MCP server offers them. What they are and do is `tools`. */

import type { AgentProof } from '#callers/proof.ts';
import { ProblemError } from '#contract/problem.ts';
import { executeTool } from '#tools/execute.ts';
import { findTool, listTools, type UsableAccount, type UsableTool } from '#tools/list.ts';
import type { ToolResult } from '#tools/mcp/results.ts';
import type { OfferedTool } from '#tools/mcp/server.ts';
import { builtInTools } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';
import type { Arrival } from '../arrival.ts';
import { toolContext } from '../tools/context.ts';
import { ACCOUNT_ARGUMENT, accountArgument, MOST_NAMED } from './account-argument.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** Beside a tool's own parameters, where its answers have pages. */
const PAGING = {
  page_size: { type: 'integer', minimum: 1, description: 'Items of a page.' },
  page_cursor: { type: 'string', description: '`next_page` of the result before.' },
  max_items: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000,
    description: 'Pages are followed up to so many items.',
  },
} as const;

export class ApiTools {
  readonly #arrival: Arrival;
  readonly #caller: AgentProof;
  readonly #identifier: string | null;

  constructor(arrival: Arrival, caller: AgentProof, identifier: string | null) {
    this.#arrival = arrival;
    this.#caller = caller;
    this.#identifier = identifier;
  }

  #context(signal: AbortSignal) {
    return toolContext(this.#arrival, this.#caller, signal);
  }

  /** Of all tools that there are, whoever may use them. @throws ProblemError */
  async names(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const custom = await this.#context(signal).customTools();
    return new Set([...builtInTools(), ...custom].map(({ name }) => name));
  }

  /** @throws ProblemError */
  async list(signal: AbortSignal): Promise<readonly OfferedTool[]> {
    const { tools } = await listTools(this.#context(signal));
    return tools.flatMap((one) => {
      const accounts = this.#sorted(one);
      return accounts.length === 0 ? [] : [offered(one.tool, accounts, this.#isAmbiguous(accounts))];
    });
  }

  /** Null: there is no such tool. @throws ProblemError */
  async call(name: string, given: Arguments, signal: AbortSignal): Promise<ToolResult | null> {
    const context = this.#context(signal);
    const tool = await findTool(context, name);
    if (tool === null) return null;
    const { tools } = await listTools(context);
    const usable = tools.find((one) => one.tool.name === name);
    const accounts = usable === undefined ? [] : this.#sorted(usable);
    const { [ACCOUNT_ARGUMENT]: named, ...rest } = given;
    const paging = pagingOf(tool, rest);
    const outcome = await executeTool(context, {
      name,
      arguments: paging.parameters,
      account: this.#accountOf(tool, accounts, named),
      identifier: this.#identifier,
      ...paging.pages,
    });
    if (!outcome.ok) throw outcome.problem;
    return {
      content: [{ type: 'text', text: JSON.stringify(outcome.body) }],
      structuredContent: outcome.body,
    };
  }

  /** The account that is meant where a call names none comes first. */
  #sorted({ accounts }: UsableTool): readonly UsableAccount[] {
    return accounts
      .filter(({ identifier }) => this.#identifier === null || identifier === this.#identifier)
      .toSorted(
        (a, b) => this.#rank(a) - this.#rank(b) || (a.connected_account_id < b.connected_account_id ? -1 : 1),
      );
  }

  #rank({ identifier }: UsableAccount): number {
    return identifier === this.#caller.id ? 0 : identifier === 'default' ? 1 : 2;
  }

  /** Several would be meant alike where a call names none. */
  #isAmbiguous([first, second]: readonly UsableAccount[]): boolean {
    return first !== undefined && second !== undefined && this.#rank(first) === this.#rank(second);
  }

  #accountOf(
    tool: Tool,
    accounts: readonly UsableAccount[],
    named: unknown,
  ): { readonly accountId: string } | null {
    const [first] = accounts;
    if (named !== undefined) {
      if (typeof named === 'string' && accounts.some((one) => one.connected_account_id === named))
        return { accountId: named };
      const message = `is no account that this agent may use ${tool.name} with`;
      throw new ProblemError('invalid_parameters', { errors: [{ path: ACCOUNT_ARGUMENT, message }] });
    }
    // None that the rules allow: the call itself says why, with the way out.
    if (first === undefined) return null;
    if (!this.#isAmbiguous(accounts)) return { accountId: first.connected_account_id };
    const ids = accounts.slice(0, MOST_NAMED).map((one) => one.connected_account_id);
    throw new ProblemError('invalid_parameters', {
      detail: `${tool.name} can be used with several accounts: say which one in ${ACCOUNT_ARGUMENT}`,
      errors: [{ path: ACCOUNT_ARGUMENT, message: `must be one of: ${ids.join(', ')}` }],
    });
  }
}

function offered(tool: Tool, accounts: readonly UsableAccount[], isAmbiguous: boolean): OfferedTool {
  const { name, title, description, parameters, annotations } = tool;
  const own = (parameters['properties'] ?? {}) as Arguments;
  const required = (parameters['required'] ?? []) as readonly unknown[];
  const named = accounts.map((one) => ({
    accountId: one.connected_account_id,
    identifier: `${one.connection} of ${one.identifier}`,
  }));
  const account = accounts.length < 2 ? {} : { [ACCOUNT_ARGUMENT]: accountArgument(named) };
  return {
    name,
    title,
    description,
    inputSchema: {
      ...parameters,
      type: 'object',
      properties: { ...own, ...(tool.pagination === undefined ? {} : PAGING), ...account },
      ...(isAmbiguous ? { required: [...required, ACCOUNT_ARGUMENT] } : {}),
    },
    annotations: { title, ...annotations },
  };
}

/** The tool's own parameters, and which pages are asked for. */
function pagingOf({ pagination }: Tool, given: Arguments) {
  if (pagination === undefined) return { parameters: given, pages: {} };
  const { page_size: pageSize, page_cursor: cursor, max_items: maxItems, ...parameters } = given;
  return {
    parameters,
    pages: {
      pageSize: wholeOrNull('page_size', pageSize),
      cursor: textOrNull('page_cursor', cursor),
      maxItems: wholeOrNull('max_items', maxItems, 1_000),
    },
  };
}

function wholeOrNull(path: string, value: unknown, most = Number.MAX_SAFE_INTEGER): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new ProblemError('invalid_parameters', {
    errors: [{ path, message: 'must be a whole number within its limits' }],
  });
}

function textOrNull(path: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  throw new ProblemError('invalid_parameters', { errors: [{ path, message: 'must be a text' }] });
}

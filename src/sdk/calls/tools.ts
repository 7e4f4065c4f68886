/** The broker's tools: lists, and calls whose end is a result or an error that is thrown. */

import type { Asked } from '../asked.ts';
import type { Settings } from '../settings.ts';
import type { ListedTool, ToolResult } from '../wire.ts';
import type { Transport } from './transport.ts';

export interface ToolFilter {
  readonly provider?: string;
  readonly connection?: string;
  /** Words that name, title or description hold. */
  readonly q?: string;
  readonly signal?: AbortSignal;
}

export interface ToolCall extends Pick<Asked, 'identifier' | 'organization' | 'signal'> {
  /** The account by its id, or by connection and identifier; neither where the policy allows one alone. */
  readonly accountId?: string;
  readonly connection?: string;
  readonly pageSize?: number;
  /** `nextPage` of the result before. */
  readonly cursor?: string;
  /** Pages are followed until there are so many items. */
  readonly maxItems?: number;
  /** The same key within a day answers the first result and calls nobody. Left out: one is drawn for each call. */
  readonly idempotencyKey?: string;
}

export class Tools {
  readonly #transport: Transport;
  readonly #settings: Settings;

  constructor(transport: Transport, settings: Settings) {
    this.#transport = transport;
    this.#settings = settings;
  }

  /** What this agent may use, with the accounts that it may be used with. @throws ValetkeyError */
  async list({ signal, ...filter }: ToolFilter = {}): Promise<readonly ListedTool[]> {
    const { data } = await this.#transport.json<{ data: ListedTool[] }>({
      path: '/v1/tools',
      query: { ...filter },
      fits: ({ data: listed }) => Array.isArray(listed),
      signal,
    });
    return data;
  }

  /**
   * Calls the tool. An empty list is an answer of the provider; everything else that brings no data is thrown.
   * @throws ValetkeyError
   */
  async run<T = unknown>(
    name: string,
    parameters: Readonly<Record<string, unknown>> = {},
    call: ToolCall = {},
  ): Promise<ToolResult<T>> {
    const { identifier = this.#settings.identifier, organization = this.#settings.organization } = call;
    return this.#transport.json<ToolResult<T>>({
      method: 'POST',
      path: `/v1/tools/${encodeURIComponent(name)}/execute`,
      headers: { 'idempotency-key': call.idempotencyKey ?? crypto.randomUUID() },
      // Under one key a second sending calls nobody twice.
      isSafeToRepeat: true,
      fits: ({ status, data }) => status === 'ok' && data !== undefined,
      body: {
        parameters,
        connected_account_id: call.accountId,
        connection: call.connection,
        identifier: call.accountId === undefined ? identifier : undefined,
        organization: call.accountId === undefined ? organization : undefined,
        page_size: call.pageSize,
        cursor: call.cursor,
        max_items: call.maxItems,
      },
      signal: call.signal,
    });
  }
}

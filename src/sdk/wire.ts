/** The shapes that the client reads, from the contract, and those that the contract says in words. Types alone. */

import type { z } from '@hono/zod-openapi';
import type { ReleasedToken } from '#contract/accounts/tokens.ts';
import type { ProblemDocument } from '#contract/problem.ts';

/** A refusal's document (RFC 9457). A newer broker may know more codes. */
export type Problem = Omit<z.infer<typeof ProblemDocument>, 'code'> & {
  readonly code: string;
  /** Of tools and the proxy: what the provider said. */
  readonly upstream?: {
    readonly status: number;
    readonly code?: string | null;
    readonly message?: string | null;
  };
};

/** A credential as a token route answers it. */
export type Released = z.infer<typeof ReleasedToken>;

export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly provider: string | null;
  readonly connection: string | null;
  /** A JSON Schema. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly accounts: readonly {
    readonly connected_account_id: string;
    readonly identifier: string;
    readonly connection: string;
  }[];
}

export interface ToolResult<T = unknown> {
  readonly tool: string;
  readonly tool_call_id: string;
  readonly connected_account_id: string;
  readonly status: 'ok';
  readonly data: T;
  /** The `cursor` of the next page. */
  readonly next_page?: string;
  readonly stopped?: string;
}

/** A tool's demand on accounts, in the words of `policy`. Pure. */

import type { ToolDemand } from '#policy/needs.ts';
import type { Tool } from './tool.ts';

const made = new WeakMap<Tool, ToolDemand>();

export function demandOf(tool: Tool): ToolDemand {
  let demand = made.get(tool);
  if (demand === undefined) {
    const { connections, connection, scopes_any: scopesAny, unscoped = [] } = tool;
    demand = { providers: connections, connection, scopesAny, unscoped };
    made.set(tool, demand);
  }
  return demand;
}

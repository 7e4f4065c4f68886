/** Tools as models take them. Pure. */

import type { ToolFormat } from '#contract/tools/formats.ts';
import type { Tool } from './tool.ts';

export function inFormat(tool: Tool, format: ToolFormat): Readonly<Record<string, unknown>> {
  const { name, title, description, parameters, annotations } = tool;
  switch (format) {
    case 'openai':
      return { type: 'function', function: { name, description, parameters } };
    case 'anthropic':
      return { name, description, input_schema: parameters };
    case 'mcp':
      return { name, title, description, inputSchema: parameters, annotations: { title, ...annotations } };
  }
}

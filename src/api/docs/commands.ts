/** A request as a command to paste into a shell, from the examples that the document has for it. Pure. */

import type { Operation, Parameter } from './shapes.ts';

/** Quoted for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Examples in the place of the names; a name without an example is left in capitals for the reader to fill in. */
function pathWithExamples(path: string, parameters: readonly Parameter[]): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const example = parameters.find((one) => one.name === name && one.in === 'path')?.example;
    return typeof example === 'string' ? encodeURIComponent(example) : name.toUpperCase();
  });
}

/** `$BROKER`, `$ADMIN_KEY` and `$AGENT_KEY` are what the quickstart has exported. @param operation with its examples */
export function commandOf(method: string, path: string, operation: Operation): string {
  const [scheme] = (operation.security ?? []).flatMap((one) => Object.keys(one));
  const key = scheme === 'agent' ? '$AGENT_KEY' : '$ADMIN_KEY';
  const body = operation.requestBody?.content['application/json']?.example;
  const lines = [
    `curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}"$BROKER${pathWithExamples(path, operation.parameters ?? [])}"`,
    ...(scheme === undefined ? [] : [`-H "Authorization: Bearer ${key}"`]),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`]),
  ];
  return lines.join(' \\\n  ');
}

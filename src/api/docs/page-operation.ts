/** One route on the page: what it is for, who may ask, what goes in, what comes back, and a command to paste. */

import { html } from 'hono/html';
import { field, typeOf } from './page-schema.ts';
import { inline, json, paragraphs, type Html } from './page-text.ts';
import type { Answer, Content, Operation, Parameter } from './shapes.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const ASKED_BY: Readonly<Record<string, string>> = { operator: 'operators', agent: 'agents' };

function schemesOf({ security = [] }: Operation): string[] {
  return security.flatMap((one) => Object.keys(one));
}

function askedBy(operation: Operation): string {
  const schemes = schemesOf(operation);
  if (schemes.length === 0) return 'Open to everyone.';
  const role = operation['x-least-role'];
  const least = role === undefined || role === 'any' ? '' : ` Of operators, the least role is \`${role}\`.`;
  return `For ${schemes.map((scheme) => ASKED_BY[scheme] ?? scheme).join(' and ')}.${least}`;
}

/** Quoted for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function pathWithExamples(path: string, parameters: readonly Parameter[]): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const example = parameters.find((one) => one.name === name && one.in === 'path')?.example;
    return typeof example === 'string' ? encodeURIComponent(example) : name.toUpperCase();
  });
}

/** The request as a command. */
function curl({ method, path, operation }: Route): string {
  const [scheme] = schemesOf(operation);
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

function parametersOf({ parameters = [] }: Operation): Html | string {
  const own = parameters.filter(({ $ref }) => $ref === undefined);
  if (own.length === 0) return '';
  const shown = own.map(({ name, in: where, schema = {}, description = '', required = false }) =>
    field(name, schema, { required, description: `${description}${where === 'query' ? '' : ` (${where})`}` }),
  );
  return html`<h4>Parameters</h4>
    <dl>${shown}</dl>`;
}

function shownContent(content: Content | undefined): Html | string {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  if (type === undefined || media === undefined) return '';
  const { schema, example } = media;
  return html`<p><code>${type}</code>${schema === undefined ? '' : html`: ${typeOf(schema)}`}</p>
    ${example === undefined ? '' : json(example)}`;
}

function bodyOf({ requestBody }: Operation): Html | string {
  if (requestBody === undefined) return '';
  return html`<h4>Body${requestBody.required === true ? '' : ' (may be left out)'}</h4>
    ${shownContent(requestBody.content)}`;
}

function answerOf([status, answer]: [string, Answer]): Html {
  const isGood = status.startsWith('2');
  const content = isGood && answer.content !== undefined ? shownContent(answer.content) : '';
  const line = html`<strong>${status}</strong> ${inline(answer.description)}`;
  return html`<li>
    ${
      content === ''
        ? line
        : html`<details open>
            <summary>${line}</summary>
            ${content}
          </details>`
    }
  </li>`;
}

/** The route with its anchor. */
export function operationSection(route: Route): Html {
  const { method, path, operation } = route;
  const id = operation.operationId ?? '';
  const answers = Object.entries(operation.responses).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return html`<article id="${id}">
    <h3>
      <a href="#${id}"><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code></a>
    </h3>
    <p class="summary">${inline(operation.summary ?? '')}</p>
    ${paragraphs(operation.description)}
    <p class="who">${inline(askedBy(operation))}</p>
    ${parametersOf(operation)} ${bodyOf(operation)}
    <h4>Answers</h4>
    <ul class="answers">
      ${answers.map(answerOf)}
    </ul>
    <h4>To paste</h4>
    <pre><code>${curl(route)}</code></pre>
  </article>`;
}

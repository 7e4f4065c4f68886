/**
 * What the tests of every route stand on: a broker that is filled with the contract's own examples, real ids for the
 * parameters, and one look at an answer that finds whatever no answer may have. It knows routes by the document alone.
 */

import { randomBytes } from 'node:crypto';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, type Reply } from '../support/callers.ts';
import { Canaries } from '../support/canary.ts';
import { operationsOf, type Document, type Operation, type Parameter } from '../support/contract-document.ts';

export type Plane = 'operator' | 'agent';

export interface Asked {
  /** Null: no key at all. Left out: the key of the route's own plane. */
  readonly key?: string | null;
  /** Values of path parameters that are not the real ones, as they stand in the URL. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  /** Another method than the route's. */
  readonly method?: string;
}

export interface Expected {
  readonly status: readonly number[];
  /** Left out: whatever code has that status in the document. */
  readonly code?: string;
  /** A path that `errors` must name. */
  readonly errorAt?: string;
}

export interface Scene {
  readonly broker: TestBroker;
  readonly document: Document;
  readonly operations: readonly Operation[];
  readonly agentKey: string;
  planesOf(operation: Operation): readonly Plane[];
  /** The body of the document's example, with planted secrets in the place of its words for them. */
  exampleOf(operation: Operation): Record<string, unknown> | null;
  /** Sends the request; what is wrong with the answer, each with the route's name. */
  faults(operation: Operation, asked: Asked, expected: Expected, what: string): Promise<string[]>;
  send(operation: Operation, asked: Asked): Promise<Reply>;
  stop(): Promise<void>;
}

const INTERNALS = /\bat \S+ \(|\.ts:\d|\/src\/|node_modules|SQLITE|D1_|sqlite|ZodError|\[object/;
const PROBLEM = 'application/problem+json';

/** Reads the document, then makes one of each thing with the examples, in the order in which they need each other. */
export async function startScene(settings: Record<string, string> = {}): Promise<Scene> {
  const canaries = new Canaries();
  const broker = await startBroker({ settings, alone: true });
  canaries.plant('ADMIN_KEY', broker.adminKey);
  const document: Document = (await call('GET', `${broker.url}/openapi.json`)).body;
  const operations = operationsOf(document);
  const real = new Map<string, string>();
  const secrets = new Map<string, string>();
  let agentKey = '';
  let sent = 0;

  const planesOf = ({ security = [] }: Operation) => security.flatMap((one) => Object.keys(one)) as Plane[];

  /** `YOUR-CLIENT-SECRET`, `THE-REFRESH-TOKEN` and their like become secrets that can be recognised. */
  const planted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(planted);
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, planted(one)]));
    }
    if (typeof value !== 'string' || !/^(?:THE|YOUR)-(?!CLIENT-ID$)[A-Z-]+$/.test(value)) return value;
    const secret = secrets.get(value) ?? canaries.makePlain(value);
    secrets.set(value, secret);
    return secret;
  };
  const exampleOf = ({ requestBody }: Operation) =>
    (planted(requestBody?.content['application/json']?.example) ?? null) as Record<string, unknown> | null;

  const valueOf = (operation: Operation, parameter: Parameter): string => {
    const before = operation.path.slice(0, operation.path.indexOf(`{${parameter.name}}`));
    return (
      real.get(before) ?? real.get(parameter.name) ?? encodeURIComponent(String(parameter.example ?? 'x'))
    );
  };
  const urlOf = (operation: Operation, { path = {}, query }: Asked): string => {
    const parameters = (operation.parameters ?? []).filter((one) => one.in === 'path');
    const filled = parameters.reduce(
      (text, one) => text.replace(`{${one.name}}`, path[one.name] ?? valueOf(operation, one)),
      operation.path,
    );
    return `${broker.url}${filled}${query === undefined ? '' : `?${query}`}`;
  };
  const keyOf = (operation: Operation): string | null => {
    const [plane] = planesOf(operation);
    if (plane === undefined) return null;
    return plane === 'agent' ? agentKey : broker.adminKey;
  };

  const send = (operation: Operation, asked: Asked, correlationId = 'every-route'): Promise<Reply> => {
    const { key = keyOf(operation), body, raw, headers = {}, method = operation.method } = asked;
    return call(method, urlOf(operation, asked), {
      key,
      ...(raw === undefined ? {} : { raw }),
      ...(body === undefined ? {} : { body }),
      headers: { 'x-correlation-id': correlationId, ...headers },
    });
  };

  const faults: Scene['faults'] = async (operation, asked, expected, what) => {
    sent += 1;
    const correlationId = `every-route-${sent}-${randomBytes(4).toString('hex')}`;
    const reply = await send(operation, asked, correlationId);
    const found = faultsOf(operation, reply, expected, correlationId);
    if (canaries.hunt('answer', reply.text + JSON.stringify(reply.headers)).length > 0) {
      found.push('holds a planted secret');
    }
    const shown = canaries.hunt('', reply.text).length > 0 ? '(hidden)' : reply.text.slice(0, 160);
    const where = `${asked.method ?? operation.method} ${operation.path}, ${what}`;
    return found.map((fault) => `${where}: ${fault} → ${reply.status} ${shown}`);
  };

  const scene: Scene = {
    broker,
    document,
    operations,
    get agentKey() {
      return agentKey;
    },
    planesOf,
    exampleOf,
    faults,
    send,
    stop: () => broker.dispose(),
  };

  const make = async (method: string, path: string): Promise<Reply> => {
    const operation = operations.find((one) => one.method === method && one.path === path);
    if (operation === undefined) throw new Error(`the document has no ${method} ${path}`);
    const body = exampleOf(operation);
    const reply = await send(operation, body === null ? {} : { body });
    if (reply.status >= 300)
      throw new Error(`the example of ${method} ${path}: ${reply.status} ${reply.text}`);
    return reply;
  };
  await make('POST', '/v1/connections');
  const agent = (await make('POST', '/v1/agents')).body;
  agentKey = canaries.plant('key of the agent', String(agent.key));
  const account = (await make('POST', '/v1/connected-accounts')).body;
  const endpoint = (await make('POST', '/v1/webhook-endpoints')).body;
  canaries.plant('signing secret', String(endpoint.secret));
  real.set('/v1/connected-accounts/', account.id).set('/v1/webhook-endpoints/', endpoint.id);
  const key = (await make('POST', '/v1/agents/{id}/keys')).body;
  canaries.plant('second key of the agent', String(key.key));
  real.set('key_id', key.id);
  await make('PUT', '/v1/connected-accounts/{id}/credential');
  return scene;
}

/** What is wrong with an answer, whatever was asked. */
function faultsOf(operation: Operation, reply: Reply, expected: Expected, correlationId: string): string[] {
  const { status, headers, body, text } = reply;
  const found: string[] = [];
  const must = (holds: boolean, fault: string) => {
    if (!holds) found.push(fault);
  };
  const documented = operation.responses[String(status)];
  const types = Object.keys(documented?.content ?? {}).map((one) => one.split(';')[0]);
  const type = headers['content-type']?.split(';')[0] ?? '';
  must(expected.status.includes(status), `is not ${expected.status.join(' or ')}`);
  must(documented !== undefined || status === 405, 'has a status that the document does not have');
  must(headers['x-correlation-id'] === correlationId, 'lacks the correlation id');
  must(headers['cache-control'] === 'no-store', 'may be kept');
  must(!INTERNALS.test(text), 'shows the inside');
  must(!type.endsWith('json') || text.endsWith('}\n'), 'is no line: a shell goes on behind it');
  if (status === 401)
    must(headers['www-authenticate']?.startsWith('Bearer') === true, 'lacks WWW-Authenticate');
  if (status === 429 || status === 503) must(Number(headers['retry-after']) >= 1, 'lacks Retry-After');
  if (type !== PROBLEM && types.length > 0 && !types.includes(PROBLEM)) {
    must(types.includes(type), `is ${type} and not ${types.join(' or ')}`);
    return found;
  }
  must(type === PROBLEM, `is ${type} and no problem document`);
  must(body?.status === status, 'says another status in its body');
  must(body?.correlation_id === correlationId, 'lacks the correlation id in its body');
  must(typeof body?.title === 'string' && typeof body?.detail === 'string', 'lacks title or detail');
  must(body?.type === `urn:valetkey:problem:${body?.code}`, 'has a type that is not of its code');
  if (expected.code !== undefined) must(body?.code === expected.code, `has not the code ${expected.code}`);
  const codes = Object.keys(documented?.content?.[PROBLEM]?.examples ?? {});
  if (status !== 405) must(codes.includes(String(body?.code)), 'has a code that the document does not have');
  if (expected.errorAt !== undefined) {
    const errors = (body?.errors ?? []) as { path: string }[];
    must(
      errors.some(({ path }) => path === expected.errorAt),
      `names not ${expected.errorAt}`,
    );
  }
  return found;
}

/**
 * An entry's API on a port of its own, so that its paths are those of the real one: it takes the tokens of the
 * simulator's accounts, and keeps what it was asked.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dialect } from '../dialects/dialect.ts';
import { bearerOf } from '../entries/entry-routes.ts';
import type { World } from '../world.ts';
import type { ApiAnswer, ApiHost, ApiRequest, Face, Memory } from './face.ts';
import { github } from './github.ts';
import { gmail } from './google/gmail.ts';
import { googleCalendar } from './google/calendar.ts';
import { googleSheets } from './google/sheets.ts';
import { googleDrive } from './google/drive.ts';
import { graph } from './graph.ts';
import { hubspot } from './hubspot.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import { notion } from './notion.ts';
import { salesforce } from './salesforce.ts';
import { slack } from './slack.ts';
import { stripe } from './stripe.ts';

const FACES: Readonly<Record<string, Face>> = {
  github,
  hubspot,
  slack,
  'stripe-app': stripe,
  'slack-user': slack,
  'google-drive': googleDrive,
  'google-gmail': gmail,
  'google-calendar': googleCalendar,
  'google-sheets': googleSheets,
  outlook: graph,
  'outlook-calendar': graph,
  notion,
  jira,
  linear,
  salesforce,
};

/** Whether the API of an entry is played. */
export const playsApi = (entryId: string): boolean => Object.hasOwn(FACES, entryId);

/** @throws Error for an entry whose API is not played */
export async function startApiHost(world: World, dialect: Dialect): Promise<ApiHost> {
  const { entry } = dialect;
  const face = FACES[entry?.id ?? ''];
  if (entry === undefined || face === undefined) throw new Error(`the API of ${dialect.id} is not played`);
  const header = entry.token_header ?? 'Authorization: Bearer {access_token}';
  const seen: ApiRequest[] = [];
  const http = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 });
  http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(http, 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const memory: Memory = { files: new Map(), told: new Map(), origin, isEmpty: false };
  const instead: ApiAnswer[] = [];
  http.on('request', (req: IncomingMessage, res: ServerResponse) => {
    res.on('error', () => {});
    read(req).then(
      (request) => {
        seen.push(request);
        // A link that the provider hands out for an upload carries its own proof.
        const isOpen = request.path.endsWith('/upload');
        const isKnown = isOpen || bearerOf(world, dialect, header, req) !== null;
        const known = isKnown ? (instead.shift() ?? face.answer(request, memory)) : face.refused;
        send(res, known ?? face.missing, request.method);
      },
      () => res.destroy(),
    );
  });
  return {
    origin,
    seen,
    instead,
    memory,
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

async function read(req: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const [path = '', query = ''] = (req.url ?? '').split('?');
  const headers = Object.fromEntries(
    Object.entries(req.headers).map(([name, value]) => [name, String(value)]),
  );
  return {
    method: req.method ?? '',
    path,
    query: new URLSearchParams(query),
    headers,
    body: Buffer.concat(chunks),
  };
}

function send(res: ServerResponse, { status, headers = {}, body }: ApiAnswer, method: string): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json; charset=utf-8' };
  const length = status === 204 ? {} : { 'content-length': String(bytes.length) };
  res.writeHead(status, { ...type, ...headers, ...length });
  res.end(method === 'HEAD' || status === 204 ? undefined : bytes);
}

/**
 * The webhook receiver of the worker layer: a plain server, started once beside the runs in workerd, that keeps what it
 * was sent and answers as it was told. Every test takes names of its own, so that files that run together do not meet.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

declare module 'vitest' {
  export interface ProvidedContext {
    receiver: string;
  }
}

/** How `/hooks/<name>` answers. `hang`: the request is taken and not answered. */
export interface Behaviour {
  readonly status?: number;
  readonly hang?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers after so long. */
  readonly afterMs?: number;
}

/** One request as it arrived. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Order of arrival at this server. */
  readonly n: number;
}

interface Hook {
  behaviour: Behaviour;
  readonly received: Received[];
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** `/dns-query`: a resolver for which `10-0-0-1.any.thing` is at 10.0.0.1, and every other name is garbage. */
function resolve(url: URL): string {
  const address = /^(\d+-\d+-\d+-\d+)\./.exec(url.searchParams.get('name') ?? '')?.[1]?.replaceAll('-', '.');
  if (address === undefined) return 'garbage';
  const isV4 = url.searchParams.get('type') === 'A';
  return JSON.stringify({ Status: 0, TC: false, Answer: isV4 ? [{ type: 1, TTL: 60, data: address }] : [] });
}

/** `POST /hooks/<name>` is the receiver's; `PUT` tells it how to answer, `GET` what it got. */
function handler(hooks: Map<string, Hook>) {
  let count = 0;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = request.url ?? '';
    const url = new URL(name, 'http://receiver');
    if (url.pathname === '/dns-query') {
      response.end(resolve(url));
      return;
    }
    const hook = hooks.get(name) ?? { behaviour: {}, received: [] };
    hooks.set(name, hook);
    const body = await textOf(request);
    if (request.method === 'GET') {
      response.end(JSON.stringify(hook.received));
    } else if (request.method === 'PUT') {
      hook.behaviour = JSON.parse(body) as Behaviour;
      response.end();
    } else {
      count += 1;
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, String(value)]),
      );
      hook.received.push({ headers, body, n: count });
      const { status = 200, hang = false, headers: extra = {}, afterMs = 0 } = hook.behaviour;
      if (!hang) setTimeout(() => response.writeHead(status, { ...extra }).end('ok'), afterMs);
    }
  };
}

/** vitest's hook: runs before the first file of the project, and what comes back after its last. */
export default async function setup(project: {
  provide(name: 'receiver', value: string): void;
}): Promise<() => void> {
  const handle = handler(new Map());
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('receiver', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

/**
 * The operator's app of the story, on loopback: users come back to its return URL, and webhooks arrive at its hook. It
 * verifies each with the library that any receiver would use, and keeps what is authentic with the time it came.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface AppEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** By `performance.now()`. */
  readonly atMs: number;
}

export interface StoryApp {
  readonly hookUrl: string;
  /** Where users come back to after a connect flow. */
  readonly returnUrl: string;
  /** Of the webhook endpoint; until it is known nothing is authentic. */
  secret: string | null;
  /** How many deliveries had no valid signature. */
  readonly forged: number;
  /** The first authentic event that `wanted` accepts, also one that came before. @throws Error after `limitMs` */
  event(wanted: (event: AppEvent) => boolean, limitMs: number): Promise<AppEvent>;
  /** Told of every authentic event from now on. */
  onEvent(listener: (event: AppEvent) => void): void;
  close(): Promise<void>;
}

const MAX_BODY_CHARS = 1_000_000;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_CHARS) throw new Error('too long');
  }
  return text;
}

export async function startStoryApp(): Promise<StoryApp> {
  const events: AppEvent[] = [];
  const listeners = new Set<(event: AppEvent) => void>();
  let secret: string | null = null;
  let forged = 0;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = performance.now();
    const body = await textOf(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    let told: Pick<AppEvent, 'type' | 'data'>;
    try {
      told = new Webhook(secret ?? '').verify(body, headers) as Pick<AppEvent, 'type' | 'data'>;
    } catch {
      forged += 1;
      return void response.writeHead(401).end();
    }
    response.writeHead(204).end();
    const event = { type: told.type, data: told.data, atMs };
    events.push(event);
    for (const listener of listeners) listener(event);
  }

  const server = createServer((request, response) => {
    if (request.method === 'POST') void receive(request, response).catch(() => response.destroy());
    else response.writeHead(200, { 'content-type': 'text/plain' }).end('Back at the app.');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    hookUrl: `${url}/hooks`,
    returnUrl: `${url}/connected`,
    get secret() {
      return secret;
    },
    set secret(value) {
      secret = value;
    },
    get forged() {
      return forged;
    },
    event: (wanted, limitMs) =>
      new Promise((resolve, reject) => {
        const found = events.find(wanted);
        if (found !== undefined) return resolve(found);
        const stop = (): void => {
          clearTimeout(late);
          listeners.delete(look);
        };
        const look = (event: AppEvent): void => {
          if (!wanted(event)) return;
          stop();
          resolve(event);
        };
        const late = setTimeout(() => {
          stop();
          reject(new Error(`the webhook did not come within ${limitMs / 1000} s`));
        }, limitMs);
        listeners.add(look);
      }),
    onEvent: (listener) => void listeners.add(listener),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

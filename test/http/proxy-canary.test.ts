/**
 * The credential of each kind is planted in an account and used through the proxy, by an API that repeats it in every way
 * that it can: then it is looked for in every answer and header, in the log, the records and the stored files.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { Canaries } from '../support/canary.ts';
import { name } from '../support/world.ts';
import { PRIVATE_KEY } from './machine-scene.ts';

let broker: TestBroker;
let operator: Client;
let agent: Client & { key?: string };
let key: string;
let api: Server;
let base: string;
const canaries = new Canaries();
/** What the API does with the texts that it was sent. */
let answer: (secrets: readonly string[], response: ServerResponse) => void;
/** Everything that was said to anybody: a place and its text. */
const said: [where: string, text: string][] = [];

/** The planted texts of one kind, and how an account gets them. */
interface Kind {
  readonly config: object;
  /** Of the connection, where the kind needs one. */
  readonly client?: object;
  readonly credential: object;
  readonly planted: readonly string[];
}
const plain = (of: string) => canaries.makePlain(of);
/** One row for each kind of credential. */
const KINDS: Readonly<Record<string, () => Kind>> = {
  oauth2: () => {
    const token = plain('access token');
    const endpoints = { token_url: `${base}/token`, authorization_url: `${base}/authorize` };
    return {
      config: endpoints,
      credential: { access_token: token, expires_in: 3600 },
      planted: [token],
    };
  },
  api_key: () => {
    const secret = plain('API key');
    return {
      config: { auth_type: 'api_key' },
      credential: { type: 'api_key', api_key: secret },
      planted: [secret],
    };
  },
  'api_key in the URL': () => {
    const secret = plain('API key of the URL');
    return {
      config: { auth_type: 'api_key', token_query: 'key={api_key}' },
      credential: { type: 'api_key', api_key: secret },
      planted: [secret],
    };
  },
  basic: () => {
    const password = plain('password');
    return {
      config: { auth_type: 'basic' },
      credential: { type: 'basic', username: 'robot', password },
      planted: [password],
    };
  },
  custom: () => {
    const [one, two] = [plain('first field'), plain('second field')];
    return {
      config: { auth_type: 'custom', token_header: 'X-App-Id: {app_id}; X-App-Key: {app_key}' },
      credential: { type: 'custom', fields: { app_id: one, app_key: two } },
      planted: [one, two],
    };
  },
};

/**
 * Kinds whose secret signs, lies in a secret of the deployment, or asks for the token that is sent. An API can repeat what
 * it was sent; the rest is looked for all the same.
 */
const FURTHER: typeof KINDS = {
  oauth1: () => {
    const [token, secret, consumer] = [plain('token'), plain('token secret'), plain('consumer secret')];
    return {
      config: { auth_type: 'oauth1' },
      client: { client_id: 'consumer', client_secret: consumer },
      credential: { type: 'oauth1', token, token_secret: secret },
      planted: [token, secret, consumer],
    };
  },
  aws: () => {
    const [secret, session] = [plain('secret access key'), plain('session token')];
    return {
      config: { auth_type: 'aws', signer_service: 's3' },
      credential: {
        type: 'aws',
        access_key_id: 'AKIAEXAMPLE',
        secret_access_key: secret,
        session_token: session,
        region: 'eu-central-1',
      },
      planted: [secret, session],
    };
  },
  'api_key in a secret of the deployment': () => ({
    config: { auth_type: 'api_key' },
    credential: { type: 'api_key', source: 'env:CREDENTIAL_CANARY' },
    planted: [elsewhere],
  }),
  oauth2_client_credentials: () => {
    const [secret, token] = [plain('client secret of a machine'), plain('token of a machine')];
    issued = token;
    return {
      config: { auth_type: 'oauth2_client_credentials', token_url: `${base}/token` },
      credential: { type: 'oauth2_client_credentials', client_id: 'machine', client_secret: secret },
      planted: [token],
    };
  },
  session_token: () => {
    const [password, token] = [plain('password of a login'), plain('token of a login')];
    issued = token;
    return {
      config: { auth_type: 'session_token', token_url: `${base}/token` },
      credential: { type: 'session_token', username: 'robot', password },
      planted: [token],
    };
  },
  jwt_bearer: () => {
    const token = plain('token of a service account');
    issued = token;
    // The key's own middle: its first and last characters are those of many keys.
    const key = PRIVATE_KEY.replaceAll(/-----[^-]+-----|\s/g, '');
    canaries.plant('private key', key.slice(200, 260));
    return {
      config: { auth_type: 'jwt_bearer', token_url: `${base}/token` },
      client: { client_id: 'robot' },
      credential: { type: 'jwt_bearer', service_account: { private_key: PRIVATE_KEY }, scope: 'read' },
      planted: [token],
    };
  },
};
/** What the token endpoint gives next, and what lies in a secret of the deployment. */
let issued = '';
const elsewhere = canaries.makePlain('secret of the deployment');

beforeAll(async () => {
  api = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url !== '/token') return answer([], response);
      const given = JSON.stringify({ access_token: issued, token_type: 'Bearer', expires_in: 3600 });
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(given);
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  broker = await startBroker({ alone: true, settings: { LOG_LEVEL: 'debug', CREDENTIAL_CANARY: elsewhere } });
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'], actions: ['proxy'] }] };
  const made = await operator.post('/v1/agents', { id: name('agent'), key: true, policy });
  key = String(made.body.key);
  agent = client(broker.url, key);
});
afterAll(async () => {
  await broker.dispose();
  api.closeAllConnections();
  api.close();
});

async function account({ config, credential, client: own }: Kind): Promise<string> {
  const connection = name('conn');
  const isOAuth = 'token_url' in config && 'authorization_url' in config;
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    ...(isOAuth ? { client_id: 'c', client_secret: 'a-secret-of-the-client' } : own),
    provider_config: { ...config, api_base_urls: [`${base}/v1`] },
  });
  expect(made.status, made.text).toBe(201);
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u`, credential);
  expect(put.status, put.text).toBe(201);
  return String(put.body.id);
}

const percent = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
const escaped = (text: string) =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const base64 = (before: string) => (text: string) => Buffer.from(`${before}${text}-`).toString('base64');
const url64 = (before: string) => (text: string) => Buffer.from(`${before}${text}-`).toString('base64url');

/** How a text can be spelled so that a reader has it all the same. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'JSON-escaped': escaped,
  'percent-encoded': percent,
  'percent-encoded in JSON': (text) => escaped(percent(text)),
  'base64 at 0': base64(''),
  'base64 at 1': base64('u'),
  'base64 at 2': base64('us'),
  'base64url at 0': url64(''),
  'base64url at 1': url64('u'),
  'base64url at 2': url64('us'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'upper-case hex': (text) => Buffer.from(text).toString('hex').toUpperCase(),
};

/** Where the API says it. */
const PLACES: Readonly<Record<string, (text: string, response: ServerResponse) => void>> = {
  'a short body': (text, response) =>
    void response.writeHead(200, { 'content-length': text.length + 2 }).end(`"${text}"`),
  'a body without a length': (text, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${text.slice(0, 7)}`);
    setTimeout(() => response.end(`${text.slice(7)}\n\n`), 20);
  },
  'a body in gzip': (text, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`x${text}`)),
  'a body in brotli': (text, response) =>
    void response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(`x${text}`)),
  'an error': (text, response) => void response.writeHead(403).end(`{"error":"${text} is not allowed"}`),
  'a header': (text, response) => void response.writeHead(200, { 'x-request-id': text }).end('{}'),
  'a link': (text, response) =>
    void response
      .writeHead(302, { location: `/v1/next?t=${text}`, link: `</v1/next?t=${text}>; rel="next"` })
      .end(),
  'a trailer': (text, response) => {
    response.writeHead(200, { trailer: 'x-request-id' });
    response.write('{}');
    response.addTrailers({ 'x-request-id': text });
    response.end();
  },
  'a cookie': (text, response) => void response.writeHead(200, { 'set-cookie': `t=${text}` }).end('{}'),
  'a challenge': (text, response) =>
    void response.writeHead(403, { 'www-authenticate': `Bearer realm="${text}"` }).end('{}'),
};

const ALL_KINDS: typeof KINDS = { ...KINDS, ...FURTHER };

describe.each(Object.keys(ALL_KINDS))('of a credential of kind %s', (kind) => {
  it('nothing comes back, however and wherever the API repeats it', async () => {
    const made = ALL_KINDS[kind]?.() as Kind;
    const id = await account(made);
    const first = said.length;
    let isUsed = false;
    for (const [spelling, spell] of Object.entries(SPELLINGS)) {
      for (const [place, put] of Object.entries(PLACES)) {
        for (const secret of made.planted) {
          answer = (_sent, response) => {
            isUsed = true;
            put(spell(secret), response);
          };
          const where = `${kind}, ${spelling}, ${place}`;
          const told = await fetch(`${broker.url}/v1/connected-accounts/${id}/proxy/contacts`, {
            headers: { authorization: `Bearer ${key}` },
            redirect: 'manual',
          });
          const reader = told.body?.getReader();
          said.push([`the head: ${where}`, JSON.stringify([...told.headers])]);
          let body = '';
          try {
            for (;;) {
              const part = await reader?.read();
              if (part === undefined || part.done) break;
              body += Buffer.from(part.value).toString('latin1');
            }
          } catch {
            // Broken off: what came until then counts too.
          }
          said.push([`the body: ${where}`, body]);
        }
      }
    }
    expect(isUsed).toBe(true);
    expect(said.slice(first).flatMap(([where, text]) => canaries.hunt(where, text))).toEqual([]);
    for (const path of [
      `/v1/connected-accounts/${id}`,
      `/v1/connected-accounts/${id}/explain`,
      `/v1/audit-events?connected_account_id=${id}&limit=100`,
    ]) {
      const reply = await operator.get(path);
      expect(canaries.hunt(path, reply.text)).toEqual([]);
    }
    const { text } = await agent.get(`/v1/connected-accounts/${id}/token`);
    expect(canaries.hunt('the refusal of the token', text)).toEqual([]);
  });
});

it('no log line and no stored file holds any of them', async () => {
  expect(canaries.names.length).toBeGreaterThanOrEqual(6);
  expect(canaries.hunt('the log', broker.output())).toEqual([]);
  expect(await canaries.huntFolder(broker.folder)).toEqual([]);
});

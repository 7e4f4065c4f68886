/** The contract as it is published: the document is valid, whole and what the page shows. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { operationsOf, resolved, type Document, type Operation } from '../support/contract-document.ts';
import { paste } from './curl.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

let broker: TestBroker;
let document: Document;
let operations: readonly Operation[];

beforeAll(async () => {
  broker = await startBroker();
  document = (await call('GET', `${broker.url}/openapi.json`)).body;
  operations = operationsOf(document);
});
afterAll(() => broker.dispose());

/** Runs the linter without its calls home. */
async function lint(text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-lint-'));
  try {
    const file = path.join(folder, 'openapi.json');
    await writeFile(file, text);
    const env = {
      ...process.env,
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      NO_COLOR: '1',
    };
    const program = path.join(ROOT, 'node_modules/@redocly/cli/bin/cli.js');
    // A form that leads on answers with a redirect and nothing else.
    const args = [
      program,
      'lint',
      '--extends=recommended',
      '--skip-rule=operation-2xx-response',
      '--format=json',
      file,
    ];
    const ran = await promisify(execFile)(process.execPath, args, { env, cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    const { problems } = JSON.parse(ran.stdout) as { problems: { ruleId: string; message: string }[] };
    return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`).join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 in which the linter finds no error and nothing to warn of', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(await lint(JSON.stringify(document))).toBe('');
  });

  it('is looked at by a linter that finds a wrong example', async () => {
    const spoilt = structuredClone(document) as unknown as Record<string, any>;
    const body = spoilt['paths']['/v1/agents'].post.requestBody.content['application/json'];
    body.example = { id: 5 };
    expect(await lint(JSON.stringify(spoilt))).toContain('no-invalid-media-type-examples');
  });

  it('may be kept for a while by everyone, and names its correlation id', async () => {
    const { status, headers } = await call('GET', `${broker.url}/openapi.json`);
    expect(status).toBe(200);
    expect(headers['cache-control']).toMatch(/^public, max-age=\d{1,3}$/);
    expect(headers['content-type']).toBe('application/json');
    expect(headers['x-correlation-id']).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  });

  it('says of every route what it is for, its heading, its name and who may ask', () => {
    expect(operations.length).toBeGreaterThan(40);
    const unsaid = operations.filter(
      ({ summary, description, operationId, tags, security }) =>
        !summary || !description || !operationId || tags?.length !== 1 || security === undefined,
    );
    expect(unsaid.map(({ method, path: at }) => `${method} ${at}`)).toEqual([]);
    const names = operations.map(({ operationId }) => operationId);
    expect(names).toEqual([...new Set(names)]);
    const headings = document.tags.map(({ name }) => name);
    expect(operations.filter(({ tags = [] }) => !headings.includes(tags[0] ?? ''))).toEqual([]);
  });

  it('describes every parameter with an example, and every body and answer of JSON', () => {
    const parameters = operations.flatMap(({ method, path: at, parameters: own = [] }) =>
      own
        .filter(({ $ref }) => $ref === undefined)
        .filter(({ description, example }) => !description || example === undefined)
        .map(({ name }) => `${method} ${at}: ${name}`),
    );
    expect(parameters).toEqual([]);
    const bare = operations.flatMap(({ method, path: at, requestBody, responses }) =>
      [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
        .flatMap((content) => Object.entries(content ?? {}))
        .filter(([type]) => type.endsWith('json'))
        .filter(([, { schema, example, examples }]) => !schema || (example ?? examples) === undefined)
        .map(([type]) => `${method} ${at}: ${type}`),
    );
    expect(bare).toEqual([]);
  });

  it('names in `Problem` every member that a refusal adds', () => {
    const { properties = {} } = document.components.schemas['Problem'] ?? {};
    const members = ['reason', 'errors', 'granted', 'allowed', 'reauth_url', 'connect_url', 'since'];
    const more = ['connected_account_id', 'provider_error', 'approval_id', 'expires_at'];
    expect([...members, ...more].filter((name) => properties[name] === undefined)).toEqual([]);
  });

  it('says of every event what is sent, with the headers of its signature', () => {
    const webhooks = Object.entries(document.webhooks);
    expect(webhooks.length).toBeGreaterThan(10);
    const unsaid = webhooks.filter(([type, { post }]) => {
      const { schema = {}, example } = post?.requestBody?.content['application/json'] ?? {};
      const { data } = resolved(document, schema).properties ?? {};
      const names = (post?.parameters ?? []).map(({ name }) => name);
      const isSigned = names.join() === 'webhook-id,webhook-timestamp,webhook-signature';
      return data === undefined || (example as { type?: unknown } | undefined)?.type !== type || !isSigned;
    });
    expect(unsaid.map(([type]) => type)).toEqual([]);
  });

  it('has no field with a `default`, which generated clients would ask for in every body', () => {
    const found: string[] = [];
    const look = (value: unknown, at: string): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, one] of Object.entries(value)) {
        if (key === 'properties')
          found.push(
            ...Object.keys(one)
              .filter((name) => one[name].default !== undefined)
              .map((n) => at + n),
          );
        look(one, `${at}${key}/`);
      }
    };
    look(document, '');
    expect(found).toEqual([]);
  });

  it('shows no example with a text that says nothing', () => {
    const empty = operations.flatMap(({ method, path: at, requestBody, responses }) =>
      [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
        .flatMap((content) => Object.values(content ?? {}))
        .filter(({ example }) => JSON.stringify(example ?? null).includes(':""'))
        .map(() => `${method} ${at}`),
    );
    expect(empty).toEqual([]);
  });

  it('gives every refusal as a problem document, and the correlation id on every answer', () => {
    const wrong = operations.flatMap(({ method, path: at, responses }) =>
      Object.entries(responses)
        .filter(([status, { headers, content = {} }]) => {
          const types = Object.keys(content);
          const isProblem = types.includes('application/problem+json') || types.includes('text/html');
          const isOurs = at.startsWith('/v1/') ? isProblem : true;
          return headers?.['X-Correlation-Id'] === undefined || (Number(status) >= 400 && !isOurs);
        })
        .map(([status]) => `${method} ${at}: ${status}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('/docs', () => {
  let page = '';
  let policy = '';
  beforeAll(async () => {
    const reply = await call('GET', `${broker.url}/docs`);
    page = reply.text;
    policy = reply.headers['content-security-policy'] ?? '';
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it('loads from its own origin alone: a stylesheet, and a viewer that no other script can join', async () => {
    const loaded = [...page.matchAll(/(?:<link[^>]* href|src)="([^"]*)"/g)].map(([, url]) => url);
    expect(loaded).toEqual(['data:,', '/docs/style.css', '/docs/viewer.js']);
    expect([...page.matchAll(/<script\b[^>]*>[^<]/g)]).toEqual([]);
    expect([...page.matchAll(/ (?:on\w+|style)="/g)]).toEqual([]);
    const rules = new Map(policy.split('; ').map((rule) => [rule.split(' ')[0] ?? '', rule]));
    expect(rules.get('default-src')).toBe("default-src 'none'");
    expect(rules.get('script-src')).toBe("script-src 'self'");
    expect(rules.get('connect-src')).toBe("connect-src 'self'");
    expect(rules.get('frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  });

  it('has its stylesheet and its viewer, both cacheable, and the viewer names no other host to load from', async () => {
    const style = await call('GET', `${broker.url}/docs/style.css`);
    expect(style.headers['content-type']).toBe('text/css; charset=utf-8');
    expect(style.text).not.toMatch(/url\(|@import|https?:/);
    const viewer = await call('GET', `${broker.url}/docs/viewer.js`);
    expect(viewer.status).toBe(200);
    expect(viewer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(viewer.headers['cache-control']).toBe('public, max-age=300');
    expect(viewer.text.length).toBeGreaterThan(1_000_000);
    // As switches: a failure must not print two megabytes.
    expect(viewer.text.includes('The MIT License')).toBe(true);
    expect(viewer.text.includes('cdn.redoc.ly/redoc/logo')).toBe(false);
  });
});

describe('what the page shows', () => {
  it('has a command for every operation that a reader can ask, and says where its variables come from', () => {
    const commands = operations.map(({ 'x-codeSamples': samples }: any) => samples?.[0]?.source ?? '');
    expect(commands.filter((command: string) => !command.startsWith('curl '))).toEqual([]);
    const used = new Set(
      commands.flatMap((command: string) =>
        [...command.matchAll(/\$([A-Z_]+)\b/g)].map(([, name = '']) => name),
      ),
    );
    expect([...used].toSorted()).toEqual(['ADMIN_KEY', 'AGENT_KEY', 'BROKER']);
    const { description } = (document as any).info;
    expect([...used].filter((name) => !description.includes(`export ${name}=`))).toEqual([]);
  });

  it('says of every operation who may ask', () => {
    expect(
      operations.filter(
        ({ description = '' }) => !/(?:For (?:operators|agents)|Open to everyone)/.test(description),
      ),
    ).toEqual([]);
  });

  it('begins with a quickstart whose commands work as they stand', async () => {
    const blocks = [...(document as any).info.description.matchAll(/^```sh\n([^]*?)^```$/gm)].map(
      ([, text = '']) => text.trim(),
    );
    expect(blocks).toHaveLength(4);
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    const answers = [];
    for (const command of blocks.slice(1))
      answers.push(await paste(command.replaceAll('$BROKER', broker.url), variables));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
    expect(answers[2]?.body).toMatchObject({ type: 'api_key', api_key: 'YOUR-API-KEY' });
  });
});

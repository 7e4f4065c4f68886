/**
 * Providers' own SDKs, unmodified, through the proxy to their APIs as the simulator plays them: only the base URL is the
 * broker's, and the key is the agent's.
 */

import { Readable } from 'node:stream';
import { drive as googleDrive } from '@googleapis/drive';
import { Client as HubSpot } from '@hubspot/api-client';
import { Octokit } from '@octokit/rest';
import { LogLevel, WebClient } from '@slack/web-api';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  allEntries,
  connectionVariablesOf,
  playedApiUrls,
  playedUrlsOf,
} from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { SimulatedAccount, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

interface Scene {
  /** In the place of the API's own address. */
  readonly url: string;
  readonly key: string;
  readonly account: SimulatedAccount;
  readonly id: string;
  readonly api: Awaited<ReturnType<Simulator['api']>>;
  /** The API's own token, which nothing of the agent may see. */
  readonly token: string;
}

/** A connection to the entry at the simulator, an account that is connected, and an agent that may call it. */
async function scene(provider: string): Promise<Scene> {
  const entry = allEntries().find(({ id }) => id === provider);
  if (entry === undefined) throw new Error(`no entry ${provider}`);
  const api = await simulator.api(provider);
  const connection = name(provider);
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider,
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    variables: connectionVariablesOf(entry),
    provider_config: {
      ...playedUrlsOf(entry, simulator.origin),
      api_base_urls: playedApiUrls(entry, api.origin),
    },
  });
  expect(made.status, made.text).toBe(201);
  const account = simulator.account({ dialect: `providers/${provider}`, id: name('user') });
  const { accessToken, refreshToken } = account.first;
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u1`, {
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: 3600,
  });
  expect(put.status, put.text).toBe(201);
  const agent = await operator.post('/v1/agents', {
    id: name('agent'),
    key: true,
    policy: { rules: [{ connection, identifiers: ['*'] }] },
  });
  const id = String(put.body.id);
  const url = `${broker.url}/v1/connected-accounts/${id}/proxy`;
  return { url, key: String(agent.body.key), account, id, api, token: accessToken };
}

const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * 31) % 251));

/** Nothing that the API saw was the agent's, and all of it was authorized. */
function expectOwn({ api, key }: Scene): void {
  expect(api.seen.length).toBeGreaterThan(0);
  expect(JSON.stringify(api.seen.map(({ path, headers }) => [path, headers]))).not.toContain(key);
  expect(api.seen.filter(({ body }) => body.includes(key))).toEqual([]);
}

/** The token ends as the API sees it, while the broker takes it for living; a call then is sent twice. */
const expire = ({ account }: Scene) => account.family.endAccess();

/** The one thing that SDK and test disagree on by design: an error that is thrown. */
async function thrown(work: Promise<unknown>): Promise<any> {
  return await work.then(
    () => expect.unreachable('it went through'),
    (error: unknown) => error,
  );
}

describe('@octokit/rest', () => {
  it('reads, writes, pages by Link, uploads, downloads, and meets errors, limits and an expired token', async () => {
    const s = await scene('github');
    const octokit = new Octokit({
      auth: s.key,
      baseUrl: s.url,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const at = { owner: 'acme', repo: 'site' };
    const issue = await octokit.rest.issues.get({ ...at, issue_number: 2 });
    expect([issue.data.title, issue.headers.etag]).toEqual(['Issue 2', '"1"']);
    const written = await octokit.rest.issues.create({
      ...at,
      title: 'Ä new one',
      headers: { 'x-github-api-version': '2022-11-28' },
    });
    expect(written.data).toMatchObject({ title: 'Ä new one', version: '2022-11-28' });

    const all = await octokit.paginate(octokit.rest.issues.listForRepo, { ...at, per_page: 2 });
    expect(all.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);

    const asset = await octokit.rest.repos.uploadReleaseAsset({
      ...at,
      baseUrl: s.url,
      release_id: 7,
      name: 'build.zip',
      data: BYTES as unknown as string,
      headers: { 'content-type': 'application/zip' },
    });
    expect(asset.data.size).toBe(BYTES.length);
    const zip = await octokit.rest.repos.downloadZipballArchive({ ...at, ref: 'main' });
    expect(Buffer.from(zip.data as ArrayBuffer).equals(BYTES)).toBe(true);

    const missing = await thrown(octokit.rest.issues.get({ ...at, issue_number: 99 }));
    expect([missing.status, missing.response.data.message]).toEqual([404, 'Not Found']);
    const busy = await thrown(octokit.rest.issues.get({ owner: 'acme', repo: 'busy', issue_number: 1 }));
    expect([busy.status, busy.response.headers['retry-after']]).toEqual([429, '1']);

    expire(s);
    const later = await octokit.rest.issues.get({ ...at, issue_number: 1 });
    expect([later.data.title, later.headers['x-valetkey-attempts']]).toEqual(['Issue 1', '2']);
    expectOwn(s);
  });
});

describe('@hubspot/api-client', () => {
  it('reads, writes, pages by `after`, uploads, downloads, and meets errors, limits and an expired token', async () => {
    const s = await scene('hubspot');
    const hubspot = new HubSpot({ accessToken: s.key, basePath: s.url, numberOfApiCallRetries: 1 });
    const { basicApi } = hubspot.crm.contacts;
    expect((await basicApi.getById('2')).properties['firstname']).toBe('Ada 2');
    const made = await basicApi.create({ properties: { firstname: 'Ünal' }, associations: [] });
    expect(made.properties['firstname']).toBe('Ünal');
    expect((await hubspot.crm.contacts.getAll(2)).map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);

    const file = await hubspot.files.filesApi.upload(
      { data: BYTES, name: 'photo.bin' } as never,
      undefined,
      '/photos',
      'photo.bin',
      undefined,
      JSON.stringify({ access: 'PRIVATE' }),
    );
    expect(file.size).toBe(BYTES.length);
    const content = await hubspot.apiRequest({ path: '/files/v3/files/1/content' });
    expect(Buffer.from(await content.arrayBuffer()).equals(BYTES)).toBe(true);

    const missing = await thrown(basicApi.getById('99'));
    expect([missing.code, missing.body.category]).toEqual([404, 'OBJECT_NOT_FOUND']);
    const busy = await thrown(basicApi.getById('429'));
    expect([busy.code, busy.headers['retry-after']]).toEqual([429, '1']);

    expire(s);
    expect((await basicApi.getById('3')).id).toBe('3');
    expectOwn(s);
  });
});

describe('stripe', () => {
  it('reads, writes, pages by `starting_after`, uploads, downloads, and meets errors, limits and an expired token', async () => {
    const s = await scene('stripe-app');
    // Its base path is fixed: the HTTP client that it is given puts the broker's in front.
    const http = Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) => {
      const asked = new URL(String(input));
      return fetch(`${s.url}${asked.pathname}${asked.search}`, init);
    });
    const stripe = new Stripe(s.key, { httpClient: http, maxNetworkRetries: 2 });
    const one = await stripe.customers.retrieve('cus_2');
    expect(one).toMatchObject({ name: 'Ada 2', lastResponse: { requestId: 'req_simulated' } });
    const made = await stripe.customers.create(
      { name: 'Ünal & Söhne' },
      { idempotencyKey: 'k-1', stripeAccount: 'acct_1' },
    );
    expect(made).toMatchObject({ name: 'Ünal & Söhne', metadata: { key: 'k-1', account: 'acct_1' } });
    expect(made.metadata['version']).toMatch(/^\d{4}-/);
    const ids: string[] = [];
    for await (const { id } of stripe.customers.list({ limit: 2 })) ids.push(id);
    expect(ids).toEqual(['cus_1', 'cus_2', 'cus_3', 'cus_4', 'cus_5']);

    const file = await stripe.files.create({
      purpose: 'dispute_evidence',
      file: { data: BYTES, name: 'proof.bin', type: 'application/octet-stream' },
    });
    expect(file.size).toBe(BYTES.length);
    const pdf = (await stripe.quotes.pdf('qt_1')) as unknown as ReadableStream<Uint8Array>;
    expect(Buffer.from(await new Response(pdf).arrayBuffer()).equals(BYTES)).toBe(true);

    const missing = await thrown(stripe.customers.retrieve('cus_99'));
    expect([missing.statusCode, missing.code]).toEqual([404, 'resource_missing']);
    // The SDK itself waits as `Retry-After` says, and tries again.
    expect(await stripe.customers.retrieve('cus_busy')).toMatchObject({ id: 'cus_1' });

    expire(s);
    expect(await stripe.customers.retrieve('cus_3')).toMatchObject({ id: 'cus_3' });
    expectOwn(s);
  });
});

describe('@slack/web-api', () => {
  it('reads, writes, pages by cursor, uploads, and meets errors, limits and an expired token', async () => {
    const s = await scene('slack');
    // It uploads to an address that stands in an answer's body, and would send the key of the agent there.
    const keyStaysHere: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers);
      if (!String(input).startsWith(broker.url)) headers.delete('authorization');
      return fetch(input, { ...init, headers });
    };
    const slack = new WebClient(s.key, {
      slackApiUrl: s.url,
      fetch: keyStaysHere,
      logLevel: LogLevel.ERROR,
    });
    expect(await slack.auth.test()).toMatchObject({ ok: true, user_id: 'U1' });
    const said = await slack.chat.postMessage({ channel: 'C1', text: 'Grüße & mehr' });
    expect(said.message?.text).toBe('Grüße & mehr');
    const names: string[] = [];
    for await (const page of slack.paginate('conversations.list', { limit: 2 }))
      names.push(...(page as unknown as { channels: { id: string }[] }).channels.map(({ id }) => id));
    expect(names).toEqual(['C1', 'C2', 'C3', 'C4', 'C5']);

    const done = await slack.filesUploadV2({ file: BYTES, filename: 'photo.bin', channel_id: 'C1' });
    expect(JSON.stringify(done)).toContain('F1');

    const missing = await thrown(slack.chat.postMessage({ channel: 'C-none', text: 'x' }));
    expect(missing.data).toMatchObject({ ok: false, error: 'channel_not_found' });
    expect(await slack.chat.postMessage({ channel: 'C-busy', text: 'x' })).toMatchObject({ ok: true });

    // Slack says it under 200.
    expire(s);
    expect(await slack.auth.test()).toMatchObject({ ok: true });
    expectOwn(s);
  });
});

describe('@googleapis/drive', () => {
  it('reads, writes, pages by token, uploads, downloads, and meets errors, limits and an expired token', async () => {
    const s = await scene('google-drive');
    // A client's own `rootUrl` loses its path, and uploads do not heed it: each call is given one.
    const at = { rootUrl: s.url };
    const drive = googleDrive({
      version: 'v3',
      headers: { authorization: `Bearer ${s.key}` },
      retryConfig: { retry: 2, retryDelay: 10 },
    });
    expect((await drive.files.get({ fileId: 'file-2' }, at)).data.name).toBe('File 2');
    const renamed = await drive.files.update({ fileId: 'file-2', requestBody: { name: 'Ärger' } }, at);
    expect(renamed.data.name).toBe('Ärger');
    const ids: string[] = [];
    for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
      const page: any = await drive.files.list(
        { pageSize: 2, ...(pageToken === '' ? {} : { pageToken }) },
        at,
      );
      ids.push(...page.data.files.map(({ id }: { id: string }) => id));
      pageToken = page.data.nextPageToken;
    }
    expect(ids).toEqual(['file-1', 'file-2', 'file-3', 'file-4', 'file-5']);

    const made = await drive.files.create(
      {
        requestBody: { name: 'photo.bin' },
        media: { mimeType: 'application/octet-stream', body: Readable.from([BYTES]) },
      },
      at,
    );
    expect(made.data.size).toBe(String(BYTES.length));
    const got = await drive.files.get(
      { fileId: 'uploaded', alt: 'media' },
      { ...at, responseType: 'arraybuffer' },
    );
    expect(Buffer.from(got.data as unknown as ArrayBuffer).equals(BYTES)).toBe(true);

    const missing = await thrown(drive.files.get({ fileId: 'file-99' }, at));
    expect([missing.status, missing.message]).toEqual([404, 'File not found.']);
    expect((await drive.files.get({ fileId: 'busy' }, { ...at, retry: true })).data.id).toBe('file-1');

    expire(s);
    expect((await drive.files.get({ fileId: 'file-3' }, at)).data.id).toBe('file-3');
    expectOwn(s);
  });

  it('uploads in a session, whose address leads through the broker again', async () => {
    const s = await scene('google-drive');
    const authorization = `Bearer ${s.key}`;
    const begun = await fetch(`${s.url}/upload/drive/v3/files?uploadType=resumable`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'x-upload-content-type': 'text/plain' },
      body: '{"name":"long.bin"}',
    });
    const session = begun.headers.get('location') ?? '';
    expect(session).toBe(`${s.url}/upload/drive/v3/files?uploadType=resumable&upload_id=session-1`);
    expect(s.api.seen.at(-1)?.headers['x-upload-content-type']).toBe('text/plain');
    const sent = await fetch(session, { method: 'PUT', headers: { authorization }, body: BYTES });
    expect(await sent.json()).toEqual({ id: 'uploaded', size: String(BYTES.length) });
  });
});

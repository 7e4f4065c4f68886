/** A remote MCP server as a connection: how it is found, what is refused, and who the client is there. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import {
  resourceDocument,
  serverDocument,
  startMcpStub,
  WELL_KNOWN,
  type McpStub,
} from '../support/mcp-stub.ts';
import { name } from '../support/world.ts';

const { resource: RESOURCE, oauth: OAUTH, openid: OPENID } = WELL_KNOWN;
const HAND = { client_id: 'given-by-hand', client_secret: 'a-secret-of-the-client' };

/** No browser comes here: the broker is reached where it listens. */
const BASE_URL = 'https://broker.example.com';

let broker: TestBroker;
let operator: Client;
let stub: McpStub;

beforeAll(async () => {
  broker = await startBroker({ settings: { BASE_URL } });
  operator = client(broker.url, broker.adminKey);
  stub = await startMcpStub();
});
beforeEach(() => {
  stub.publish();
  Object.assign(stub, { challenge: 'Bearer', registers: null, iss: null });
  stub.asked.length = 0;
});
afterAll(async () => {
  await broker.dispose();
  await stub.close();
});

function make(fields: Record<string, unknown> = HAND, id = name('mcp')): Promise<Reply> {
  return operator.post('/v1/connections', {
    id,
    provider: 'mcp',
    provider_config: { url: stub.url },
    ...fields,
  });
}

const detailsOf = (reply: Reply): string =>
  (reply.body.errors as { path: string; message: string }[])
    .map(({ path, message }) => `${path} ${message}`)
    .join('; ');

describe('the metadata of a server is found', () => {
  it.each<[string, () => void, string[]]>([
    [
      'where its challenge says',
      () => {
        stub.documents.delete(`${RESOURCE}/mcp`);
        stub.documents.set('/elsewhere', resourceDocument(stub));
        stub.challenge = `Bearer realm="a, b", resource_metadata="${stub.origin}/elsewhere", scope="notes.write"`;
      },
      ['/elsewhere'],
    ],
    ['at the well-known place of its path', () => undefined, [`${RESOURCE}/mcp`]],
    [
      'at the well-known place of its origin, which speaks for all of it',
      () => {
        stub.documents.delete(`${RESOURCE}/mcp`);
        stub.documents.set(RESOURCE, resourceDocument(stub, { resource: stub.origin }));
      },
      [`${RESOURCE}/mcp`, RESOURCE],
    ],
    [
      'by its own origin, where it names no authorization server at all',
      () => void stub.documents.delete(`${RESOURCE}/mcp`),
      [`${RESOURCE}/mcp`, RESOURCE],
    ],
  ])('%s', async (_, arrange, places) => {
    arrange();
    const made = await make();
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ provider: 'mcp', auth_type: 'oauth2', client_id: HAND.client_id });
    const asked = stub.asked.map(({ path }) => path);
    expect(asked.filter((path) => path === '/elsewhere' || path.startsWith(RESOURCE))).toEqual(places);
  });

  it.each<[string, string, string]>([
    ['RFC 8414', '', OAUTH],
    ['OpenID Connect alone', '', OPENID],
    ['RFC 8414, of an issuer with a path', '/tenant', `${OAUTH}/tenant`],
    ['OpenID Connect with its path inserted', '/tenant', `${OPENID}/tenant`],
    ['OpenID Connect with its path before', '/tenant', `/tenant${OPENID}`],
  ])('of an authorization server, by %s', async (_, path, place) => {
    const issuer = `${stub.origin}${path}`;
    stub.publish({ resource: { authorization_servers: [issuer] } });
    stub.documents.delete(OAUTH);
    stub.documents.set(place, serverDocument(issuer));
    const made = await make();
    expect(made.status, made.text).toBe(201);
  });
});

describe('of several authorization servers', () => {
  const OTHER = '/tenant';
  const both = () => {
    const issuer = `${stub.origin}${OTHER}`;
    stub.publish({ resource: { authorization_servers: [stub.origin, issuer] } });
    stub.documents.set(`${OAUTH}${OTHER}`, serverDocument(issuer));
  };
  const askedFor = (path: string) => stub.at(path).length > 0;

  it('the first is taken, and the next is not asked', async () => {
    both();
    expect((await make()).status).toBe(201);
    expect([askedFor(OAUTH), askedFor(`${OAUTH}${OTHER}`)]).toEqual([true, false]);
  });

  it.each<[string, () => void]>([
    ['has no metadata', () => void stub.documents.delete(OAUTH)],
    ['names another issuer', () => void stub.documents.set(OAUTH, serverDocument('https://other.example'))],
    [
      'does not offer PKCE',
      () =>
        void stub.documents.set(
          OAUTH,
          serverDocument(stub.origin, { code_challenge_methods_supported: undefined }),
        ),
    ],
  ])('the next is taken where the first %s', async (_, arrange) => {
    both();
    arrange();
    const made = await make();
    expect(made.status, made.text).toBe(201);
    expect(askedFor(`${OAUTH}${OTHER}`)).toBe(true);
  });

  it('none that may not be called is asked, and the first says why where none can be used', async () => {
    stub.publish({ resource: { authorization_servers: ['https://10.0.0.7', 'http://as.example.com'] } });
    const made = await make();
    expect(made.status, made.text).toBe(400);
    expect(detailsOf(made)).toMatch(/not by an address/);
  });

  it('the one that the connection has stays, whatever the order', async () => {
    both();
    stub.documents.delete(OAUTH);
    const id = name('mcp');
    expect((await make(HAND, id)).status).toBe(201);
    both();
    stub.asked.length = 0;
    const read = await operator.patch(`/v1/connections/${id}`, { provider_config: { url: stub.url } });
    expect(read.status, read.text).toBe(200);
    expect([askedFor(OAUTH), askedFor(`${OAUTH}${OTHER}`)]).toEqual([false, true]);
  });
});

describe('a URL with a query', () => {
  it('is asked with it, and shown whole to an administrator alone', async () => {
    const url = `${stub.url}?project=p-1&read_only=true`;
    const id = name('mcp');
    const made = await make({ ...HAND, provider_config: { url } }, id);
    expect(made.status, made.text).toBe(201);
    expect(stub.at('/mcp').map(({ query }) => String(query))).toEqual(['project=p-1&read_only=true']);
    expect(made.body.provider_config.url).toBe(url);
  });
});

describe('refused with a clear 400, and nothing is stored', () => {
  const server = (changes: Record<string, unknown>) => () => stub.publish({ server: changes });
  const resource = (changes: Record<string, unknown>) => () => stub.publish({ resource: changes });
  it.each<[string, () => void, RegExp]>([
    [
      'another resource of its host',
      () => resource({ resource: `${stub.origin}/other` })(),
      /`resource` is another/,
    ],
    ['a resource of another host', resource({ resource: 'https://mcp.example.com/mcp' }), /`resource` is/],
    ['no resource', resource({ resource: undefined }), /`resource` is another/],
    ['no authorization server', resource({ authorization_servers: [] }), /names no authorization server/],
    [
      'an authorization server in a private network',
      resource({ authorization_servers: ['https://10.0.0.7'] }),
      /not by an address/,
    ],
    [
      'an authorization server on http',
      resource({ authorization_servers: ['http://as.example.com'] }),
      /must be an https URL/,
    ],
    ['another issuer', server({ issuer: 'https://other.example.com' }), /names another issuer/],
    ['no S256', server({ code_challenge_methods_supported: ['plain'] }), /PKCE with S256/],
    ['nothing about PKCE', server({ code_challenge_methods_supported: undefined }), /PKCE with S256/],
    [
      'a token endpoint in a private network',
      server({ token_endpoint: 'https://192.168.1.1/token' }),
      /token_endpoint/,
    ],
    ['no token endpoint', server({ token_endpoint: undefined }), /token_url|is required/],
    ['tokens that are bound to a key', resource({ dpop_bound_access_tokens_required: true }), /DPoP/],
    [
      'a place of metadata on another origin',
      () => void (stub.challenge = 'Bearer resource_metadata="https://mcp.example.com/x"'),
      /another origin/,
    ],
    ['metadata that is too large', resource({ filler: 'x'.repeat(70_000) }), /too large/],
  ])('%s', async (_, arrange, says) => {
    arrange();
    const id = name('mcp');
    const made = await make(HAND, id);
    expect(made.status, made.text).toBe(400);
    expect(detailsOf(made)).toMatch(says);
    expect((await operator.get(`/v1/connections/${id}`)).status).toBe(404);
  });

  it.each<[string, string, RegExp]>([
    ['a URL that is none', 'mcp', /must be a URL/],
    ['http outside of loopback', 'http://mcp.example.com/mcp', /https/],
    ['a private address', 'https://10.1.2.3/mcp', /not by an address/],
    ['a query that is not plain', 'https://mcp.example.com/mcp?key=a%26b', /plain `name=value`/],
    ['a fragment', 'https://mcp.example.com/mcp#there', /no fragment/],
    ['a user in it', 'https://me:secret@mcp.example.com/mcp', /user or password/],
  ])('%s', async (_, url, says) => {
    const made = await make({ ...HAND, provider_config: { url } });
    expect(made.status, made.text).toBe(400);
    expect(detailsOf(made)).toMatch(says);
    expect(stub.asked).toEqual([]);
  });

  it('a URL where no MCP server is, and 502 for one where nothing answers', async () => {
    const other = await make({ ...HAND, provider_config: { url: `${stub.origin}/no-server` } });
    expect(other.status, other.text).toBe(400);
    expect(detailsOf(other)).toContain('provider_config.url is not the URL of an MCP server');
    const silent = await make({ ...HAND, provider_config: { url: 'http://127.0.0.1:9/mcp' } });
    expect([silent.status, silent.body.code], silent.text).toEqual([502, 'provider_error']);
  });

  it('no client by hand, where the server registers none', async () => {
    const made = await make({});
    expect(made.status, made.text).toBe(400);
    expect(detailsOf(made)).toMatch(/^client_id is required/);
  });
});

describe('the client', () => {
  const REGISTERS = { client_id: 'registered', client_secret: 'registered-secret-0123456789' };
  const withRegistration = (changes: Record<string, unknown> = {}) =>
    stub.publish({ server: { registration_endpoint: `${stub.origin}/register`, ...changes } });

  it('is registered with the address of its connection, and its secret is not answered', async () => {
    withRegistration();
    stub.registers = REGISTERS;
    const id = name('mcp');
    const made = await make({}, id);
    expect(made.status, made.text).toBe(201);
    expect(made.body.client_id).toBe('registered');
    expect(made.text).not.toContain(REGISTERS.client_secret);
    const [asked] = stub.at('/register');
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({
      redirect_uris: [`${BASE_URL}/oauth/callback/${id}`],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    });
  });

  it('given by hand goes before a registration', async () => {
    withRegistration();
    stub.registers = REGISTERS;
    expect((await make()).body.client_id).toBe(HAND.client_id);
    expect(stub.at('/register')).toEqual([]);
  });

  it('that is refused at registration makes no connection', async () => {
    withRegistration();
    const made = await make({});
    expect([made.status, made.body.code], made.text).toEqual([502, 'provider_error']);
  });

  it('stays when the server is read again, and is another one at another issuer', async () => {
    withRegistration();
    stub.registers = REGISTERS;
    const id = name('mcp');
    await make({}, id);
    const read = await operator.patch(`/v1/connections/${id}`, { provider_config: { url: stub.url } });
    expect([read.status, read.body.client_id], read.text).toEqual([200, 'registered']);
    expect(stub.at('/register')).toHaveLength(1);
    const issuer = `${stub.origin}/tenant`;
    stub.publish({ resource: { authorization_servers: [issuer] } });
    stub.documents.set(
      `${OAUTH}/tenant`,
      serverDocument(issuer, { registration_endpoint: `${stub.origin}/register` }),
    );
    stub.registers = { client_id: 'of-the-other-issuer', token_endpoint_auth_method: 'none' };
    const moved = await operator.patch(`/v1/connections/${id}`, { provider_config: { url: stub.url } });
    expect([moved.status, moved.body.client_id], moved.text).toEqual([200, 'of-the-other-issuer']);
  });

  it('is our own document where the server reads such, and the deployment has an https address', async () => {
    withRegistration({ client_id_metadata_document_supported: true });
    const id = name('mcp');
    const made = await make({}, id);
    expect(made.status, made.text).toBe(201);
    const url = `${BASE_URL}/oauth/clients/${id}.json`;
    expect(made.body).toMatchObject({ client_id: url, warnings: [] });
    expect(stub.at('/register')).toEqual([]);
    const document = await client(broker.url, null).get(`/oauth/clients/${id}.json`);
    expect(document.body).toEqual({
      client_id: url,
      client_uri: BASE_URL,
      client_name: 'Valetkey',
      redirect_uris: [`${BASE_URL}/oauth/callback/${id}`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    });
  });
});

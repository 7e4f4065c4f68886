/** Where a server's metadata is looked for, and what of it is believed. */

import { afterEach, describe, expect, it } from 'vitest';
import { fetchServerMetadata, metadataUrls } from '#egress/metadata.ts';
import { startServer, type HostileServer } from '../../support/hostile-server.ts';

const LOOPBACK = { allowLoopback: true, ownHost: null };
const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

const servers: HostileServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** `documents` by path; a function gets the server's own origin. Anything else is 404. */
async function serve(
  documents: (origin: string) => Record<string, unknown>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<HostileServer> {
  const server = await startServer((request, response) => {
    const found = documents(server.url)[request.url];
    if (found === undefined) response.writeHead(404).end();
    else response.writeHead(200, headers).end(typeof found === 'string' ? found : JSON.stringify(found));
  });
  servers.push(server);
  return server;
}

const detailOf = async (issuer: string, options = LOOPBACK): Promise<string> => {
  const result = await fetchServerMetadata(issuer, options);
  return result.ok ? 'read' : result.error.detail;
};

describe('the places', () => {
  it('insert one well-known path before the path of the issuer, and put the other behind it or before', () => {
    expect(metadataUrls('https://id.example.com')).toEqual({
      oauth: `https://id.example.com${OAUTH}`,
      openid: `https://id.example.com${OPENID}`,
      inserted: null,
    });
    expect(metadataUrls('https://id.example.com/tenant/a/')).toEqual({
      oauth: `https://id.example.com${OAUTH}/tenant/a`,
      openid: `https://id.example.com/tenant/a${OPENID}`,
      inserted: `https://id.example.com${OPENID}/tenant/a`,
    });
  });

  it.each(['id.example.com', 'https://id.example.com/?a=1', 'https://id.example.com/#a'])(
    'do not exist for %s',
    (issuer) => {
      expect(metadataUrls(issuer)).toBeNull();
    },
  );
});

describe('metadata', () => {
  it('is read from either document', async () => {
    for (const path of [OAUTH, OPENID]) {
      const server = await serve((issuer) => ({ [path]: { issuer, token_endpoint: `${issuer}/token` } }));
      const result = await fetchServerMetadata(server.url, LOOPBACK);
      expect(result).toEqual({
        ok: true,
        value: { issuer: server.url, token_endpoint: `${server.url}/token` },
      });
    }
  });

  it("of both documents is RFC 8414's where they differ, and OpenID's where the other is silent", async () => {
    const server = await serve((issuer) => ({
      [`${OAUTH}/t`]: { issuer: `${issuer}/t`, token_endpoint: `${issuer}/one` },
      [`/t${OPENID}`]: {
        issuer: `${issuer}/t`,
        token_endpoint: `${issuer}/two`,
        userinfo_endpoint: `${issuer}/me`,
      },
    }));
    const result = await fetchServerMetadata(`${server.url}/t`, LOOPBACK);
    expect(result).toMatchObject({
      value: { token_endpoint: `${server.url}/one`, userinfo_endpoint: `${server.url}/me` },
    });
  });

  it('of another issuer is not believed, not even for a slash', async () => {
    const server = await serve((issuer) => ({
      [OAUTH]: { issuer: `${issuer}/` },
      [OPENID]: { issuer: 'https://evil.example' },
    }));
    expect(await detailOf(server.url)).toMatch(/names another issuer.*names another issuer/);
  });

  it('of one wrong and one right document is the right one', async () => {
    const server = await serve((issuer) => ({
      [OAUTH]: { issuer: 'https://evil.example', token_endpoint: `${issuer}/evil` },
      [OPENID]: { issuer, token_endpoint: `${issuer}/token` },
    }));
    const result = await fetchServerMetadata(server.url, LOOPBACK);
    expect(result).toEqual({
      ok: true,
      value: { issuer: server.url, token_endpoint: `${server.url}/token` },
    });
  });

  it.each([
    ['token_endpoint', 'http://169.254.169.254/latest'],
    ['token_endpoint', 'https://user:password@id.example.com/token'],
    ['jwks_uri', 'https://metadata.google.internal/'],
    ['userinfo_endpoint', 'file:///etc/passwd'],
    ['authorization_endpoint', 7],
  ])('with a %s that may not be called is refused whole', async (name, endpoint) => {
    const server = await serve((issuer) => ({ [OAUTH]: { issuer, [name]: endpoint } }));
    expect(await detailOf(server.url)).toBe(`the issuer's metadata names a ${name} that may not be called`);
  });

  it.each(['[]', 'null', '"x"', '{', '<html>', ''])('that is no JSON object is refused: %j', async (body) => {
    const server = await serve(() => ({ [OAUTH]: body }));
    expect(await detailOf(server.url)).toContain('is not a JSON object');
  });

  it('under another content type is refused', async () => {
    const server = await serve((issuer) => ({ [OAUTH]: { issuer } }), { 'content-type': 'text/html' });
    expect(await detailOf(server.url)).toContain('is not JSON');
  });

  it('of more than 64 KiB is refused', async () => {
    const server = await serve((issuer) => ({ [OAUTH]: { issuer, padding: 'x'.repeat(70_000) } }));
    expect(await detailOf(server.url)).toContain('is too large');
  });

  it('behind a redirect is not followed', async () => {
    const target = await serve((issuer) => ({ [OAUTH]: { issuer } }));
    const server = await startServer((_, response) =>
      response.writeHead(302, { location: target.url + OAUTH }).end(),
    );
    servers.push(server);
    expect(await detailOf(server.url)).toContain('could not be read');
    expect(target.seen).toEqual([]);
  });

  it('tells nothing apart of hosts that are blocked, closed or answer errors', async () => {
    const server = await serve(() => ({}));
    const closed = await serve(() => ({}));
    const { url } = closed;
    await closed.close();
    const details = await Promise.all([
      detailOf(server.url),
      detailOf(url),
      detailOf('https://10.0.0.1'),
      detailOf(server.url, { allowLoopback: false, ownHost: null }),
    ]);
    expect(new Set(details).size).toBe(1);
  });
});

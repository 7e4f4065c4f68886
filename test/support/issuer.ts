/**
 * An issuer of workloads' tokens on loopback: `oidc-provider` publishes its metadata and keys, as issuers do, before it
 * stands what a test has it do instead. Tokens are signed by `jose` under keys of it, or under none of them.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
// @ts-expect-error: an untyped module; what is used of it is a request handler.
import { Provider } from 'oidc-provider';

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export async function issuerKey(kid: string, alg = 'RS256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' } };
}

export interface Issuer {
  readonly url: string;
  readonly keys: IssuerKey[];
  /** Paths that were asked for, in their order. */
  readonly asked: string[];
  /** Answers in the place of the issuer; null: the issuer answers by itself. */
  instead: ((path: string, response: ServerResponse) => boolean) | null;
  /** It publishes these keys from now on. */
  publish(...keys: readonly IssuerKey[]): void;
  /** A token of this subject for this audience, signed under its first key, ten minutes long; `claims` go over it. */
  token(
    of: { readonly sub: string; readonly aud: string | string[] },
    claims?: Readonly<Record<string, unknown>>,
    header?: Record<string, unknown>,
    key?: IssuerKey,
  ): Promise<string>;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function handlerOf(url: string, keys: readonly IssuerKey[]): Handler {
  const provider = new Provider(url, {
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: [],
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['of a test'] },
  }) as { callback(): Handler };
  return provider.callback();
}

export async function startIssuer(first: IssuerKey): Promise<Issuer> {
  const server: Server = createServer({ keepAliveTimeout: 600_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let handler = handlerOf(url, [first]);
  const issuer: Issuer = {
    url,
    keys: [first],
    asked: [],
    instead: null,
    publish: (...keys) => {
      issuer.keys.splice(0, Infinity, ...keys);
      handler = handlerOf(url, keys);
    },
    token: (of, claims = {}, header = {}, key = issuer.keys[0] ?? first) => {
      const nowS = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, ...of, iat: nowS, exp: nowS + 600, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
        .sign(key.privateKey);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('request', (request, response) => {
    const path = request.url ?? '';
    issuer.asked.push(path);
    if (issuer.instead?.(path, response) !== true) handler(request, response);
  });
  return issuer;
}

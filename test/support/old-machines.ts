/**
 * Machine grants as an earlier version kept them: what a test has to know to open that data, and the token endpoints that
 * stand in its connections.
 */

import { createServer } from 'node:http';

/** The provider's address stands in the stored connections, so it is the same whenever the data is opened. */
export const MACHINES_PORT = 27_974;

/** Kinds of machine grants, and the grant of a token that was exchanged. */
export const OLD_MACHINES = [
  'oauth2_client_credentials',
  'jwt_bearer',
  'github_app_installation',
  'session_token',
  'exchanged',
] as const;
export type OldMachine = (typeof OLD_MACHINES)[number];

export interface OldMachineFacts {
  readonly key: string;
  readonly accounts: Readonly<Record<OldMachine, string>>;
}

export interface OldMachineProvider {
  /** What proved each request, by the path that it came to: the text of its body, and its `Authorization`. */
  readonly asked: { readonly path: string; readonly body: string; readonly authorization: string }[];
  close(): Promise<void>;
}

/** Gives a token for each request, which counts up by path. */
export async function startOldMachineProvider(): Promise<OldMachineProvider> {
  const asked: { path: string; body: string; authorization: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const path = request.url ?? '';
      asked.push({ path, body, authorization: request.headers.authorization ?? '' });
      const count = asked.filter((one) => one.path === path).length;
      const token = `token-${count}-of-${path.split('/')[1]}`;
      const renewal = path === '/exchanged' ? { refresh_token: `rt-${count}` } : {};
      const end = new Date(Date.now() + 3_600_000).toISOString();
      const answer = path.startsWith('/app/')
        ? { token, expires_at: end, permissions: { contents: 'read' }, repository_selection: 'all' }
        : path === '/session_token'
          ? { id: token }
          : { access_token: token, token_type: 'Bearer', expires_in: 3600, ...renewal };
      response.writeHead(path.startsWith('/app/') ? 201 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(MACHINES_PORT, '127.0.0.1', resolve);
  });
  return {
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

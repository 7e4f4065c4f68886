/** Receivers of webhooks that misbehave, down to the bytes on the socket. Each counts what it took and what it gave. */

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { selfSigned } from '../support/self-signed.ts';

export interface Receiver {
  readonly url: string;
  /** Connections that reached it. */
  readonly connections: () => number;
  /** Bytes that the other side took off its hands. */
  readonly sentBytes: () => number;
  close(): Promise<void>;
}

/** What it does once the request's head is there, or with the bare connection. */
type Act = (socket: Socket) => void;

const CHUNK = Buffer.alloc(64 * 1024, 'x');

async function listen(
  server: Server,
  scheme: string,
  act: { onSocket: Act } | { onRequest: Act },
): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on(scheme === 'https-open' ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if ('onSocket' in act) return act.onSocket(socket);
    socket.once('data', () => act.onRequest(socket));
  });
  server.on('tlsClientError', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme.startsWith('https') ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    connections: () => connections,
    sentBytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const plain = (onRequest: Act) => listen(createServer(), 'http', { onRequest });
/** TLS is asked for; what comes is up to `onSocket`. */
export const noTls = (onSocket: Act) => listen(createServer(), 'https', { onSocket });
/** A certificate that nobody vouches for. */
export const selfSignedTls = () =>
  listen(createTlsServer(selfSigned()), 'https-open', {
    onRequest: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  });

/** Writes `text` again and again, as fast as it is taken or every so often, until the other side is gone. */
function repeat(socket: Socket, text: string | Buffer, everyMs: number | null): void {
  let over = false;
  socket.on('close', () => (over = true));
  const go = (): void => {
    if (over) return;
    if (everyMs !== null) {
      socket.write(text);
      setTimeout(go, everyMs);
    } else if (socket.write(text)) setImmediate(go);
    else socket.once('drain', go);
  };
  go();
}

const head = (status: number, ...headers: string[]) =>
  `HTTP/1.1 ${status} Whatever\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;

export const hangs: Act = () => undefined;
export const dripsHeaders: Act = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
  repeat(socket, 'a', 100);
};
export const dripsBody: Act = (socket) => {
  socket.write(head(200, 'transfer-encoding: chunked'));
  repeat(socket, '1\r\nx\r\n', 100);
};
export const floods =
  (status: number): Act =>
  (socket) => {
    socket.write(head(status, 'content-length: 104857600'));
    repeat(socket, CHUNK, null);
  };
export const floodsHeaders: Act = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  repeat(socket, `x-flood: ${'x'.repeat(8_000)}\r\n`, null);
};
export const floodsWithHints: Act = (socket) => repeat(socket, head(103, 'link: </a>; rel=preload'), null);
export const dripsHints: Act = (socket) => repeat(socket, head(102), 50);
export const redirects =
  (status: number, to: () => string): Act =>
  (socket) =>
    socket.end(head(status, `location: ${to()}`, 'content-length: 0'));
export const resets: Act = (socket) => socket.resetAndDestroy();
export const closes: Act = (socket) => socket.destroy();
export const breaksOff: Act = (socket) => {
  socket.write(head(200, 'content-length: 100') + 'half');
  setTimeout(() => socket.resetAndDestroy(), 50);
};
export const speaksNoHttp: Act = (socket) => socket.end('\u0000\u0001\u0002 this is not HTTP\r\n\r\n');
export const answers =
  (status: number, ...headers: string[]): Act =>
  (socket) =>
    socket.end(head(status, 'content-length: 0', ...headers));

/**
 * Takes the place of Cloudflare's edge in the local engine: the Worker is told where a request comes from by the socket
 * that it came in by. Headers that the edge alone may write are taken off, from every sender. Runs in workerd, in the
 * broker's own bundle: a Worker of its own would cost each request another hop.
 *
 * An operator's proxy on the same machine may name the client's address in a header that it overwrites; which one, only
 * the operator knows (`--client-ip-header`). There is no list of trusted proxies: `serve` listens on 127.0.0.1 alone,
 * so each client of it is on the machine. Without the option all clients of a proxy share one browser limit.
 *
 * `--client-cert-header` names the header with the client certificate that the proxy has verified, as nginx's
 * `$ssl_client_escaped_cert`. The proxy has to verify (`ssl_verify_client optional`, with a CA of the operator's), to
 * overwrite the header always, and to leave it empty where the certificate did not verify.
 *
 * `npx wrangler dev` has none of this: it takes `CF-Connecting-IP` from any client.
 */

interface SocketWorker {
  fetch(request: Request, env: object, ctx: object): Response | Promise<Response>;
  scheduled?(controller: object, env: object, ctx: object): unknown;
}

/** Headers by which an edge or a proxy tells a Worker of the client. `cf-` stands for every name that begins so. */
const OF_THE_EDGE: readonly string[] = [
  'true-client-ip',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
];
/** A signed proof, and no word of the edge: its reader verifies it. */
const PROOFS: readonly string[] = ['cf-access-jwt-assertion'];

/** @param name in lower case */
function isOfTheEdge(name: string): boolean {
  return (name.startsWith('cf-') && !PROOFS.includes(name)) || OF_THE_EDGE.includes(name);
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:.*:)[0-9a-f:.]{2,45}$/i;

/** The address in a header: of a list the last, which the nearest proxy wrote. Null where it is none. */
function addressIn(value: string | null): string | null {
  const last = value?.split(',').at(-1)?.trim() ?? '';
  return IPV4.test(last) || IPV6.test(last) ? last : null;
}

/** The address of the socket's other end, as workerd says it: `127.0.0.1:50123` or `[::1]:50123`. */
function peerIn(clientIp: unknown): string | null {
  if (typeof clientIp !== 'string') return null;
  return addressIn(clientIp.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}

/** The request as the edge would hand it on. @param header the name of the proxy's header, or null */
function fromSocket(request: Request, header: string | null): Request {
  const { cf } = request as { cf?: { clientIp?: unknown } };
  const address = (header === null ? null : addressIn(request.headers.get(header))) ?? peerIn(cf?.clientIp);
  const handed = new Request(request);
  const named = [...handed.headers.keys()].filter(isOfTheEdge);
  for (const name of named) handed.headers.delete(name);
  if (address !== null) handed.headers.set('cf-connecting-ip', address);
  return handed;
}

/** The Worker behind the engine's socket. */
export function behindSocket(
  worker: SocketWorker,
  clientIpHeader: string | null,
): Pick<SocketWorker, 'fetch'> {
  return { fetch: (request, env, ctx) => worker.fetch(fromSocket(request, clientIpHeader), env, ctx) };
}

/** The Worker behind the engine's own port, where clients have no business: its timer and nothing else. */
export function besideSocket(worker: SocketWorker): SocketWorker {
  return { ...worker, fetch: () => new Response(null, { status: 404 }) };
}

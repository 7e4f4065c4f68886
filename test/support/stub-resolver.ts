/** A resolver over HTTP on loopback, in the JSON form of public ones, that answers as a test tells it to. */

import type { ServerResponse } from 'node:http';
import { startServer, type HostileServer, type SeenRequest } from './hostile-server.ts';

/** `normal` unless told otherwise: a name that it was not told of is not there. */
export type ResolverMood = 'normal' | 'garbage' | 'error' | 'redirect' | 'flood' | 'hang';

export interface StubResolver extends Pick<HostileServer, 'seen' | 'close'> {
  /** What DNS_RESOLVER is set to. */
  readonly url: string;
  /** An issuer on the same server, whose metadata is what it was told. */
  readonly issuer: string;
  metadata(document: Record<string, unknown>): void;
  /** Addresses of both families; `status`: a response code in their place. */
  tell(name: string, addresses: readonly string[], more?: { alias?: string; status?: number }): void;
  behave(mood: ResolverMood): void;
}

interface Zone {
  readonly addresses: readonly string[];
  readonly alias?: string;
  readonly status?: number;
}

const TTL = 1;

function answerOf(zone: Zone | undefined, name: string, type: string): Record<string, unknown> {
  const flags = { TC: false, RD: true, RA: true, AD: false, CD: false };
  const number = type === 'AAAA' ? 28 : 1;
  const Question = [{ name, type: number }];
  if (zone === undefined) return { Status: 3, ...flags, Question };
  const own = zone.addresses.filter((address) => address.includes(':') === (type === 'AAAA'));
  const alias = zone.alias === undefined ? [] : [{ name, type: 5, TTL, data: zone.alias }];
  const Answer = [...alias, ...own.map((data) => ({ name: zone.alias ?? name, type: number, TTL, data }))];
  return { Status: zone.status ?? 0, ...flags, Question, ...(Answer.length === 0 ? {} : { Answer }) };
}

export async function startResolver(): Promise<StubResolver> {
  const zones = new Map<string, Zone>();
  let mood: ResolverMood = 'normal';
  let document: Record<string, unknown> = {};

  const answer = ({ url }: SeenRequest, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(url, 'http://resolver');
    if (pathname !== '/dns-query') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      return;
    }
    if (mood === 'hang') return;
    const name = searchParams.get('name') ?? '';
    const type = searchParams.get('type') ?? '';
    if (mood === 'error') {
      // What would allow the call, if the status did not matter.
      const zone = { addresses: ['93.184.215.14', '2606:4700::1'] };
      response.writeHead(502).end(JSON.stringify(answerOf(zone, name, type)));
    } else if (mood === 'garbage') response.end('<html>who are you?</html>');
    else if (mood === 'redirect') response.writeHead(302, { location: '/dns-query?' }).end();
    else if (mood === 'flood') response.end(' '.repeat(1_000_000));
    else {
      const body = answerOf(zones.get(name), name, type);
      response.writeHead(200, { 'content-type': 'application/dns-json' }).end(JSON.stringify(body));
    }
  };

  const server = await startServer(answer);
  return {
    url: `${server.url}/dns-query`,
    issuer: server.url,
    seen: server.seen,
    close: server.close,
    metadata: (told) => void (document = told),
    tell: (name, addresses, more = {}) => void zones.set(name, { addresses, ...more }),
    behave: (next) => void (mood = next),
  };
}

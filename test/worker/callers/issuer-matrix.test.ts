/**
 * Every way in that asks for published keys, under every fault of the server that publishes them: a table of ways by a
 * table of faults. What one way holds, the others hold too, whoever names the address: an operator (`jwks_uri`), the
 * issuer's metadata, or the Access team.
 */

import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { isolate, startWays, stranger, WAYS, type Way } from './signed-ways.ts';

const WITH_PUBLISHED_KEYS = [
  'a workload’s token, used',
  'a workload’s token, exchanged',
  'an assertion under a key that the client publishes',
  'a person’s token of Access',
];

type Fault = (url: string, signal: AbortSignal | null) => Response | Promise<Response>;

const json = { 'content-type': 'application/json' };
const right = (way: Way) => JSON.stringify({ keys: [way.key.jwk] });
const endless = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new TextEncoder().encode('{"keys":[],"x":"'.padEnd(65_536, 'x')));
    },
  });

const FAULTS: Readonly<Record<string, (way: Way) => Fault>> = {
  'does not answer': () => (_url, signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        reject(new DOMException('aborted', 'AbortError'));
      });
    }),
  'breaks off': () => () => Promise.reject(new TypeError('connection reset')),
  'answers without end': () => () => new Response(endless(), { headers: json }),
  'sends elsewhere': () => (url) =>
    url.endsWith('/elsewhere')
      ? Response.json({ keys: [] })
      : new Response(null, { status: 307, headers: { location: `${new URL(url).origin}/elsewhere` } }),
  'answers with an error': (way) => () => new Response(right(way), { status: 500, headers: json }),
  'answers with a page': (way) => () =>
    new Response(right(way), { headers: { 'content-type': 'text/html' } }),
  'answers with keys that are none': () => () => new Response('{"keys":"one"}', { headers: json }),
  'answers with more keys than anybody needs': (way) => () =>
    Response.json({ keys: Array.from({ length: 101 }, () => way.key.jwk) }),
};

const asked: string[] = [];
let publish: Fault | null = null;
let ways: (readonly [name: string, way: Way])[];

beforeAll(async () => {
  await startWays();
  const healthy = globalThis.fetch as unknown as (url: string) => Promise<Response>;
  vi.stubGlobal('fetch', async (url: string, init?: { signal?: AbortSignal }) => {
    asked.push(url);
    const isOfKeys = /\/(?:keys|jwks|certs|elsewhere)$/.test(url);
    return isOfKeys && publish !== null ? publish(url, init?.signal ?? null) : healthy(url);
  });
  ways = await Promise.all(
    WITH_PUBLISHED_KEYS.map(async (name) => {
      const way = await WAYS[name]?.();
      if (way === undefined) throw new Error(`there is no way called ${name}`);
      return [name, way] as const;
    }),
  );
  // From here on the clock is the test's, and never goes back.
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  publish = null;
  asked.splice(0);
});
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const later = (ms: number): void => {
  vi.setSystemTime(Date.now() + ms);
};

/** What each way answers to a token of its own, in an isolate of its own. */
function takers() {
  const isolates = ways.map(() => isolate());
  return (make: (way: Way) => Promise<string> = (way) => way.make()) =>
    Promise.all(
      ways.map(async ([name, way], at) => [name, await way.takes(await make(way), isolates[at])] as const),
    );
}
const all = (taken: boolean) => ways.map(([name]) => [name, taken] as const);

it.each(Object.keys(FAULTS))(
  'where it %s, nobody passes, and all do when it is well again',
  async (fault) => {
    const [[, first] = []] = ways;
    const faulty = FAULTS[fault];
    if (first === undefined || faulty === undefined) throw new Error('there are ways and faults');
    const take = takers();
    publish = faulty(first);
    expect(await take()).toEqual(all(false));
    expect(asked.filter((url) => url.endsWith('/elsewhere'))).toEqual([]);
    publish = null;
    later(11_000);
    expect(await take()).toEqual(all(true));
  },
);

it('where it takes another key, that one counts within a minute, and the old one no more', async () => {
  const take = takers();
  expect(await take()).toEqual(all(true));
  publish = () => Response.json({ keys: [stranger.jwk] });
  const byNext = (way: Way) => way.make({}, { kid: stranger.kid }, stranger);
  expect(await take(byNext)).toEqual(all(false));
  later(61_000);
  expect(await take(byNext)).toEqual(all(true));
  expect(await take()).toEqual(all(false));
});

it('where it vanishes, the keys stand in for an hour and not for longer', async () => {
  const take = takers();
  expect(await take()).toEqual(all(true));
  publish = () => new Response(null, { status: 404 });
  later(59 * 60_000);
  expect(await take()).toEqual(all(true));
  later(2 * 60_000);
  expect(await take()).toEqual(all(false));
});

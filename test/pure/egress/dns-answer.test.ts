/** What a resolver's JSON says: addresses, nothing, or garbage; and what the answers for both families mean together. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswers, readDnsAnswer, type DnsAnswer } from '#egress/guard/dns-answer.ts';

const record = (type: number, data: string, TTL = 120) => ({ name: 'hooks.example.com', type, TTL, data });
const message = (Answer: unknown, rest: Record<string, unknown> = {}): string =>
  JSON.stringify({ Status: 0, TC: false, RD: true, RA: true, AD: false, CD: false, Answer, ...rest });

describe('an answer', () => {
  it('holds the addresses at the end of a chain of aliases, and lives as long as the shortest link', () => {
    const chain = [
      record(5, 'edge.example.net.', 300),
      record(5, 'pop.example.net.', 20),
      record(46, 'A 13 2 300 …'),
      record(1, '93.184.215.14'),
      record(1, '93.184.215.15'),
    ];
    expect(readDnsAnswer(message(chain))).toEqual({
      kind: 'addresses',
      addresses: ['93.184.215.14', '93.184.215.15'],
      ttlS: 20,
    });
  });

  it('holds addresses of IPv6', () => {
    expect(readDnsAnswer(message([record(28, '2606:2800:220:1:248:1893:25c8:1946')]))).toMatchObject({
      addresses: ['2606:2800:220:1:248:1893:25c8:1946'],
    });
  });

  it('lives for no time when its time cannot be', () => {
    expect(readDnsAnswer(message([record(1, '93.184.215.14', 2 ** 31)]))).toMatchObject({ ttlS: 0 });
  });

  it.each([
    ['a name without addresses', JSON.stringify({ Status: 0, TC: false, Question: [] })],
    ['an alias that leads nowhere', message([record(5, 'gone.example.net.')])],
    ['a name that is not there', message(undefined, { Status: 3 })],
  ])('is empty for %s', (_, text) => expect(readDnsAnswer(text)).toEqual({ kind: 'empty' }));

  it.each([1, 2, 4, 5, 9, 23])('with the status %i says that it could not be found out', (Status) => {
    expect(readDnsAnswer(message([record(1, '93.184.215.14')], { Status }))).toEqual({ kind: 'failed' });
  });

  it.each([
    ['nothing', ''],
    ['a page', '<html>captive portal</html>'],
    ['an error', JSON.stringify({ error: 'Invalid CD flag' })],
    ['a list', '[]'],
    ['null', 'null'],
    ['a status in words', JSON.stringify({ Status: 'NOERROR', Answer: [] })],
    ['an answer that was cut', message([record(1, '93.184.215.14')], { TC: true })],
    ['records that are none', message('93.184.215.14')],
    ['a record that is none', message([null])],
    ['a record without a type', message([{ TTL: 1, data: '93.184.215.14' }])],
    ['a record without its time', message([{ type: 1, data: '93.184.215.14' }])],
    ['a time below zero', message([record(1, '93.184.215.14', -1)])],
    ['data that are no text', message([{ type: 1, TTL: 1, data: { ip: '93.184.215.14' } }])],
    ['a name where an address should be', message([record(1, 'internal.example.com')])],
    ['an address of the other family', message([record(28, '93.184.215.14')])],
    ['more records than any host has', message(Array.from({ length: 201 }, () => record(5, 'a.example.')))],
  ])('is garbage where it is %s', (_, text) => expect(readDnsAnswer(text)).toEqual({ kind: 'garbage' }));

  it('is read whatever it is', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.anything().map((value) => message(value)),
      fc
        .array(fc.record({ type: fc.integer(), TTL: fc.integer(), data: fc.string() }))
        .map((all) => message(all)),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(['addresses', 'empty', 'failed', 'garbage']).toContain(readDnsAnswer(text).kind);
      }),
    );
  });
});

const addresses = (...all: string[]): DnsAnswer => ({ kind: 'addresses', addresses: all, ttlS: 60 });
const [empty, failed, garbage] = (['empty', 'failed', 'garbage'] as const).map((kind) => ({ kind }));
const PUBLIC = addresses('93.184.215.14');

describe('a host', () => {
  it.each<[string, DnsAnswer[], string]>([
    ['public addresses of one family', [PUBLIC, empty!], 'allowed'],
    ['public addresses of both', [PUBLIC, addresses('2606:4700::1')], 'allowed'],
    ['one private among public ones', [addresses('93.184.215.14', '10.0.0.1'), empty!], 'forbidden_address'],
    ['a private one of the other family', [PUBLIC, addresses('fd00::1')], 'forbidden_address'],
    ['a private one, and garbage', [garbage!, addresses('::1')], 'forbidden_address'],
    ['a private one, and a failure', [addresses('127.0.0.1'), failed!], 'forbidden_address'],
    ['no address', [empty!, empty!], 'unresolved_name'],
    ['a public one, and a failure', [PUBLIC, failed!], 'unresolved_name'],
    ['a public one, and garbage', [PUBLIC, garbage!], 'resolver_failed'],
    ['garbage alone', [garbage!, garbage!], 'resolver_failed'],
  ])('with %s is judged by the worst', (_, answers, verdict) => {
    expect(judgeAnswers(answers)).toMatchObject({ verdict });
    expect(judgeAnswers(answers.toReversed())).toMatchObject({ verdict });
  });

  it('is known for as long as the shorter of its answers lives', () => {
    expect(judgeAnswers([{ ...PUBLIC, ttlS: 40 } as DnsAnswer, addresses('2606:4700::1')])).toEqual({
      verdict: 'allowed',
      ttlS: 40,
    });
  });
});

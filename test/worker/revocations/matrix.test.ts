/** Every selector, dry or not, at the provider or not, by an operator of one organization or of none. */

import { beforeAll, describe, expect, it, vi } from 'vitest';
import { FIRST_REVOCATION_MS } from '#refresh/revocation.ts';
import { PATIENCE } from '../../support/patience.ts';
import {
  calls,
  config,
  connected,
  fresh,
  grantState,
  http,
  must,
  newConnection,
  records,
  request,
  ring,
  rows,
  stub,
  view,
} from '../accounts/world.ts';
import {
  agentKey,
  boundKey,
  completed,
  fetched,
  goAhead,
  indexed,
  revoke,
  standing,
  staticAccount,
  staticConnection,
  stepOf,
  tellSubject,
} from './world.ts';

interface Scene {
  readonly connection: string;
  readonly other: string;
  readonly own: string;
  readonly foreign: string;
  readonly identifier: string;
  /** By a word for what each is. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly bound: string;
}

/** Two connections, two organizations and none, one identifier that all of them have. */
async function scene(): Promise<Scene> {
  const [connection, other] = [await staticConnection(), await staticConnection()];
  const [own, foreign, identifier] = [fresh('org'), fresh('org'), fresh('shared')];
  const make = async (on: string, organization: string | null, who = fresh('user')) =>
    (await staticAccount(on, organization, who)).id;
  const making = {
    own: make(connection, own),
    ownShared: make(connection, own, identifier),
    ownElsewhere: make(other, own),
    foreign: make(connection, foreign),
    foreignShared: make(connection, foreign, identifier),
    none: make(connection, null),
    noneShared: make(other, null, identifier),
  };
  const made = Object.entries(making).map(async ([what, id]) => [what, await id] as const);
  const accounts = Object.fromEntries(await Promise.all(made));
  return { connection, other, own, foreign, identifier, accounts, bound: await boundKey(own) };
}

const setSubject = (id: string, subject: string) =>
  config.directory.prepare('UPDATE account_index SET subject = ? WHERE id = ?').bind(subject, id).run();

type Case = readonly [
  what: string,
  body: (s: Scene) => object,
  hits: readonly string[],
  hitsOfBound: readonly string[],
];

const CASES: readonly Case[] = [
  [
    'connection',
    (s) => ({ connection: s.connection }),
    ['own', 'ownShared', 'foreign', 'foreignShared', 'none'],
    ['own', 'ownShared'],
  ],
  [
    'organization',
    (s) => ({ organization: s.own }),
    ['own', 'ownShared', 'ownElsewhere'],
    ['own', 'ownShared', 'ownElsewhere'],
  ],
  [
    'identifier',
    (s) => ({ identifier: s.identifier }),
    ['ownShared', 'foreignShared', 'noneShared'],
    ['ownShared'],
  ],
];

const WAYS = CASES.flatMap(([what, body, hits, hitsOfBound]) =>
  [true, false].map((atProvider) => ({ what, body, atProvider, hits, hitsOfBound })),
);

describe.each(WAYS)('$what, at the provider: $atProvider', (way) => {
  it('counts dry what it then ends, and ends nothing else, for an operator of one organization and then of none', async () => {
    const s = await scene();
    const body = { ...way.body(s), at_provider: way.atProvider };
    const idsOf = (names: readonly string[]) => names.map((name) => s.accounts[name] ?? '').toSorted();
    const ways = [
      { key: s.bound, expected: idsOf(way.hitsOfBound) },
      { key: undefined, expected: idsOf(way.hits) },
    ];
    for (const { key, expected } of ways)
      expect(await must(http('POST', '/v1/revocations', { ...body, dry_run: true }, key), 200)).toEqual({
        matched: expected.length,
      });
    for (const id of Object.values(s.accounts)) expect((await view(id)).status).toBe('active');
    for (const { key, expected } of ways) {
      const { id, matched } = await revoke(body, key);
      expect(matched).toBe(expected.length);
      const done = await completed(id);
      const receipts = done.receipts.data;
      expect(receipts.map((one) => one.connected_account_id).toSorted()).toEqual(expected);
      const status = way.atProvider ? 'unsupported' : 'revoked';
      expect(receipts.map((one) => [one.status, one.at_provider])).toEqual(
        receipts.map(() => [status, false]),
      );
      const { atProvider } = way;
      expect(done).toMatchObject({ selector: way.body(s), matched, at_provider: atProvider });
      expect(done.counts[status]).toBe(matched);
      for (const account of Object.values(s.accounts))
        expect((await view(account)).status).toBe(expected.includes(account) ? 'revoked' : 'active');
      for (const account of expected) {
        const events = await rows(account, `SELECT 1 FROM event WHERE type = 'connected_account.revoked'`);
        expect(events).toHaveLength(1);
        const moves = (await records(account)).filter((one) => one.evidence?.includes('active->revoked'));
        expect(moves).toHaveLength(1);
      }
    }
  });
});

describe('everything', () => {
  it('means everything of its organization where the operator is bound to one', async () => {
    const s = await scene();
    const { id, matched } = await revoke({ all: true }, s.bound);
    expect(matched).toBe(3);
    const done = await completed(id);
    expect(done.selector).toEqual({ all: true });
    expect(done.receipts.data).toHaveLength(3);
    expect((await view(s.accounts['foreign'] ?? '')).status).toBe('active');
    expect((await view(s.accounts['none'] ?? '')).status).toBe('active');
  });

  it('means every account where the operator is bound to none', async () => {
    const s = await scene();
    const { matched } = await must(http('POST', '/v1/revocations', { all: true, dry_run: true }), 200);
    expect(matched).toBeGreaterThanOrEqual(7);
    const { id } = await revoke({ all: true });
    await completed(id);
    for (const account of Object.values(s.accounts)) expect((await view(account)).status).toBe('revoked');
  });
});

describe('a user of the provider', () => {
  it('ends in every account that says so itself, and in no other that the index takes for one', async () => {
    const account = await connected();
    await indexed(account.id);
    const subject = fresh('subject');
    await setSubject(account.id, subject);
    const { id, matched } = await revoke({ subject: { connection: account.connection, subject } });
    expect(matched).toBe(1);
    expect((await completed(id)).receipts.data).toEqual([]);
    expect((await view(account.id)).status).toBe('active');
  });
});

/** The accounts end their grants at the provider, which takes two seconds. */
async function endAtProvider(id: string, accounts: readonly { readonly id: string }[]): Promise<void> {
  await vi.waitFor(async () => {
    await stepOf(id);
    const { counts } = await standing(id);
    expect(counts.retrying + counts.revoked).toBe(accounts.length);
  }, PATIENCE);
  goAhead(FIRST_REVOCATION_MS);
  for (const account of accounts) {
    await ring(account.id);
    await expect.poll(() => rows(account.id, 'SELECT * FROM revocation')).toEqual([]);
  }
}

describe('at the provider', () => {
  it('a grant ends there where that was asked for, with one call, and the receipt says so', async () => {
    const account = await connected({ facts: { revocation_reach: 'token' } });
    await indexed(account.id);
    const { id } = await revoke({ connection: account.connection, at_provider: true });
    await endAtProvider(id, [account]);
    const done = await completed(id);
    expect(done.receipts.data).toMatchObject([
      { connected_account_id: account.id, status: 'revoked', at_provider: true },
    ]);
    expect((await grantState(account.grant.grantId)).alive).toBe(false);
    expect(await calls(account.grant.grantId)).toEqual([]);
  });

  it('a grant lives on where that was not asked for, and is gone here', async () => {
    const account = await connected({ facts: { revocation_reach: 'token' } });
    await indexed(account.id);
    const { id } = await revoke({ connection: account.connection });
    const done = await completed(id);
    expect(done.receipts.data).toMatchObject([{ status: 'revoked', at_provider: false }]);
    expect((await grantState(account.grant.grantId)).alive).toBe(true);
    expect(await rows(account.id, 'SELECT * FROM grant_row')).toEqual([]);
    expect(await rows(account.id, 'SELECT * FROM revocation')).toEqual([]);
  });
});

describe.each([true, false])('a user of the provider, at the provider: %s', (atProvider) => {
  it('ends in all accounts of that user, within the operator’s organization, and there where that was asked for', async () => {
    const [own, subject] = [fresh('org'), fresh('subject')];
    const connection = await newConnection({ revocation_reach: 'token' });
    const make = async (organization: string | null, who: string) => {
      const account = await connected({ connection, ...(organization === null ? {} : { organization }) });
      await tellSubject(account.id, who);
      await indexed(account.id);
      return account;
    };
    const [mine, none, other] = [
      await make(own, subject),
      await make(null, subject),
      await make(own, fresh('subject')),
    ];
    const body = { subject: { connection, subject }, at_provider: atProvider };
    const ways = [
      { key: await boundKey(own), expected: [mine] },
      { key: undefined, expected: [mine, none] },
    ];
    for (const { key, expected } of ways)
      expect(await must(http('POST', '/v1/revocations', { ...body, dry_run: true }, key), 200)).toEqual({
        matched: expected.length,
      });
    for (const { key, expected } of ways) {
      const { id, matched } = await revoke(body, key);
      expect(matched).toBe(expected.length);
      if (atProvider) await endAtProvider(id, expected);
      const done = await completed(id);
      expect(done.receipts.data.map((one) => one.connected_account_id).toSorted()).toEqual(
        expected.map((one) => one.id).toSorted(),
      );
      expect(done.counts.revoked).toBe(expected.length);
      for (const { grant } of expected) expect((await grantState(grant.grantId)).alive).toBe(!atProvider);
    }
    expect((await view(other.id)).status).toBe('active');
    expect((await grantState(other.grant.grantId)).alive).toBe(true);
  });
});

describe.each([true, false])('an agent, at the provider: %s', (atProvider) => {
  it('ends itself, and neither an account that it reaches nor a grant', async () => {
    const account = await connected({ facts: { revocation_reach: 'token' } });
    await indexed(account.id);
    const agent = fresh('agent');
    const policy = { rules: [{ connection: account.connection, identifiers: ['*'] }] };
    const { key } = await must(http('POST', '/v1/agents', { id: agent, key: true, policy }), 201);
    const { id } = await revoke({ agent, at_provider: atProvider });
    const done = await completed(id);
    expect(done).toMatchObject({ selector: { agent }, at_provider: atProvider, matched: 1 });
    expect(done.receipts.data).toEqual([]);
    // A proof of before is in memory for less than a second.
    await expect.poll(() => fetched(account.id, key)).toBe('unauthenticated');
    goAhead(FIRST_REVOCATION_MS);
    await ring(account.id);
    expect((await view(account.id)).status).toBe('active');
    expect((await grantState(account.grant.grantId)).alive).toBe(true);
  });
});

describe('within a second', () => {
  it('what was obtained before is refused, whether the account was told or not; what is obtained after is served', async () => {
    const connection = await staticConnection();
    const { id, identifier } = await staticAccount(connection);
    const key = await agentKey(connection);
    expect(await fetched(id, key)).toBe('ok');
    const { id: revocation } = await revoke({ connection });
    expect(await fetched(id, key)).toBe('account_revoked');
    await completed(revocation);
    expect(await fetched(id, key)).toBe('account_revoked');
    const again = `/v1/credentials/${connection}?identifier=${identifier}`;
    await must(http('PUT', again, { type: 'api_key', api_key: 'sk_new' }), 200);
    expect(await fetched(id, key)).toBe('ok');
  });

  it('an account that no object has told ends itself with the first call, once', async () => {
    const connection = await staticConnection();
    const { id } = await staticAccount(connection);
    const selector = { agent: null, connection, identifier: null, subject: null, organization: null };
    const revoked = [{ id: `rev_${'a'.repeat(22)}`, selector, atMs: Date.now() + 1, atProvider: false }];
    const cutOffs = { proxyOnly: [], deleted: [], revoked };
    const answers = await Promise.all([1, 2, 3].map(() => stub(id).release(request({ cutOffs }))));
    for (const answer of answers)
      expect(answer).toMatchObject({ ok: false, refusal: { code: 'account_revoked' } });
    await expect.poll(async () => (await view(id)).status).toBe('revoked');
    expect(await rows(id, `SELECT 1 FROM event WHERE type = 'connected_account.revoked'`)).toHaveLength(1);
  });
});

describe('who may', () => {
  let s: Scene;

  beforeAll(async () => {
    s = await scene();
  });

  it('read of a revocation: its own organization and the unbound', async () => {
    const { id } = await revoke({ identifier: fresh('nobody') }, s.bound);
    const unbound = await revoke({ identifier: fresh('nobody') });
    expect((await standing(id, '', s.bound)).id).toBe(id);
    const stranger = await boundKey(s.foreign);
    for (const [one, key] of [
      [id, stranger],
      [unbound.id, s.bound],
      [`rev_${'0'.repeat(22)}`, s.bound],
    ] as const)
      expect((await http('GET', `/v1/revocations/${one}`, undefined, key)).status).toBe(404);
  });

  it.each(['auditor', 'connect'])('start one: nobody with the role %s', async (role) => {
    const key = await boundKey(s.own, role);
    expect((await http('POST', '/v1/revocations', { all: true }, key)).status).toBe(403);
  });

  it('name another organization: nobody who is bound', async () => {
    expect((await http('POST', '/v1/revocations', { organization: s.foreign }, s.bound)).status).toBe(400);
  });

  it('is said in the chain of the organization', async () => {
    const { id } = await revoke({ identifier: fresh('nobody') }, s.bound);
    const { results } = await config.directory
      .prepare(`SELECT body FROM organization_audit WHERE organization = ? AND action = 'revocation.create'`)
      .bind(s.own)
      .all<{ body: string }>();
    const own = results
      .map(({ body }) => JSON.parse(body))
      .filter((one) => one.evidence.includes(`revocation:${id}`));
    expect(own).toHaveLength(1);
    expect(own[0].actor).toMatchObject({ type: 'operator', method: 'admin_key' });
  });
});

describe('a request', () => {
  const MALICIOUS: readonly [string, unknown][] = [
    ['no selector', {}],
    ['no selector but the rest', { at_provider: true, dry_run: true }],
    ['two selectors', { agent: 'a', all: true }],
    ['all that is false', { all: false }],
    ['all that is no switch', { all: 1 }],
    ['a null', { connection: null }],
    ['an empty name', { connection: '' }],
    ['a glob', { connection: '*' }],
    ['SQL', { connection: "x' OR '1'='1" }],
    ['a list', { identifier: ['a', 'b'] }],
    ['an object', { identifier: { $ne: '' } }],
    ['an identifier with outer space', { identifier: ' a' }],
    ['an identifier that shows nothing', { identifier: 'a\u200b' }],
    ['a subject without a connection', { subject: { subject: 'x' } }],
    ['a subject without a subject', { subject: { connection: 'x' } }],
    ['a subject with more', { subject: { connection: 'x', subject: 'y', organization: 'z' } }],
    ['an empty subject', { subject: { connection: 'x', subject: '' } }],
    ['a lone surrogate', { subject: { connection: 'x', subject: '\ud800' } }],
    ['a field that is not known', { all: true, force: true }],
    ['a prototype', JSON.parse('{"__proto__": {"all": true}}')],
    ['a text for a switch', { all: true, at_provider: 'true' }],
    ['a text', 'all'],
    ['a list of requests', [{ all: true }]],
  ];

  it.each(MALICIOUS)('with %s is 400, and nothing is written', async (_what, body) => {
    const count = () => config.directory.prepare('SELECT count(*) AS n FROM cut_off').first<number>('n');
    const before = await count();
    expect((await http('POST', '/v1/revocations', body)).status).toBe(400);
    expect(await count()).toBe(before);
  });

  it.each([
    { agent: 'no-such-agent' },
    { connection: 'no-such-connection' },
    { subject: { connection: 'no-such-connection', subject: 'x' } },
  ])('that names what is not there is 404, dry or not: %j', async (body) => {
    expect((await http('POST', '/v1/revocations', body)).status).toBe(404);
    expect((await http('POST', '/v1/revocations', { ...body, dry_run: true })).status).toBe(404);
  });
});

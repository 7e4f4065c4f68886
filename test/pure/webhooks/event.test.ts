import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountEventData,
  agentEventData,
  connectionEventData,
  EVENT_TYPES,
  eventBody,
  isEventFilter,
  matchesFilters,
  testEventData,
  type AccountEvent,
} from '#webhooks/event.ts';
import { ACCOUNT, HOUR, NOW } from './given.ts';

const wanted = (...filters: string[]) => EVENT_TYPES.filter((type) => matchesFilters(filters, type));

describe('a filter', () => {
  it('is a known type, a known prefix or all', () => {
    const prefixes = ['agent.*', 'agent.auth.*', 'connected_account.*', 'connection.*', 'webhook.*'];
    for (const filter of ['*', ...EVENT_TYPES, ...prefixes]) expect(isEventFilter(filter), filter).toBe(true);
  });

  it('is nothing else', () => {
    const noFilters = [
      '',
      '**',
      '*.*',
      '.*',
      'agent',
      'agent.',
      'agent.auth',
      'agent.a*',
      'agent*',
      'agent.auth.reauth_required.*',
      'agent.nothing',
      'account.*',
      'Agent.*',
      ' *',
      'agent.*\n',
      'connected_account.refresh*',
      '*.refreshed',
      'constructor',
    ];
    for (const text of noFilters) expect(isEventFilter(text), text).toBe(false);
  });

  it('that is none matches nothing, whatever it looks like', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .constantFrom(...EVENT_TYPES)
            .chain((type) => fc.nat(type.length).map((end) => `${type.slice(0, end)}*`)),
        ),
        fc.constantFrom(...EVENT_TYPES),
        (text, type) => {
          if (!isEventFilter(text)) expect(matchesFilters([text], type)).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('of a prefix takes all types below it, and no type that only begins alike', () => {
    expect(wanted('agent.auth.*')).toEqual([
      'agent.auth.reauth_required',
      'agent.auth.succeeded',
      'agent.auth.confirmation_required',
    ]);
    expect(wanted('agent.*')).toEqual([
      ...wanted('agent.auth.*'),
      'agent.approval_required',
      'agent.approval_decided',
      'agent.suspended',
      'agent.anomaly',
    ]);
    expect(wanted('connection.*')).toEqual([
      'connection.misconfigured',
      'connection.outage',
      'connection.recovered',
    ]);
  });

  it('names connected_account.refreshed exactly, or does not get it', () => {
    const refreshed = 'connected_account.refreshed';
    expect(wanted('*')).toEqual(EVENT_TYPES.filter((type) => type !== refreshed));
    expect(wanted('connected_account.*', '*')).not.toContain(refreshed);
    expect(wanted('connected_account.*')).toHaveLength(6);
    expect(wanted(refreshed)).toEqual([refreshed]);
    expect(wanted('*', refreshed)).toEqual([...EVENT_TYPES]);
  });

  it('adds to the others and takes nothing away', () => {
    const anyFilters = fc.subarray(['*', 'agent.*', 'agent.auth.*', 'connected_account.*', ...EVENT_TYPES]);
    fc.assert(
      fc.property(anyFilters, anyFilters, (some, more) => {
        const together = new Set(wanted(...some, ...more));
        expect(together).toEqual(new Set([...wanted(...some), ...wanted(...more)]));
      }),
    );
    expect(wanted()).toEqual([]);
  });
});

const COMMON = ['connected_account_id', 'connection', 'provider', 'identifier', 'organization', 'sequence'];
const OWN: { event: AccountEvent; fields: Record<string, unknown> }[] = [
  {
    event: {
      type: 'agent.auth.reauth_required',
      reason: 'grant_revoked',
      providerError: 'invalid_grant',
      evidence: ['otherwise_password_changed'],
      subjectLabel: 'ada@example.com',
      reauthUrl: 'https://broker.example.com/connect/x',
      sinceMs: NOW,
      lastRefreshedAtMs: NOW - HOUR,
    },
    fields: {
      reason: 'grant_revoked',
      provider_error: 'invalid_grant',
      evidence: ['otherwise_password_changed'],
      subject_label: 'ada@example.com',
      reauth_url: 'https://broker.example.com/connect/x',
      since: '2026-11-21T10:00:00.000Z',
      last_refreshed_at: '2026-11-21T09:00:00.000Z',
    },
  },
  { event: { type: 'agent.auth.succeeded', reconnected: false }, fields: { reconnected: false } },
  {
    event: { type: 'agent.auth.confirmation_required', sessionId: 'cs_1', subjectLabel: null },
    fields: { session_id: 'cs_1', subject_label: null },
  },
  { event: { type: 'connected_account.refreshed' }, fields: {} },
  {
    event: { type: 'connected_account.degraded', cause: 'refresh_in_doubt' },
    fields: { cause: 'refresh_in_doubt' },
  },
  { event: { type: 'connected_account.recovered' }, fields: {} },
  {
    event: { type: 'connected_account.expiring', reauthDueAtMs: NOW },
    fields: { reauth_due_at: '2026-11-21T10:00:00.000Z' },
  },
  { event: { type: 'connected_account.disabled' }, fields: {} },
  { event: { type: 'connected_account.revoked' }, fields: {} },
  { event: { type: 'connected_account.deleted' }, fields: {} },
];

describe('data', () => {
  it.each(OWN)('of $event.type has the common fields and its own', ({ event, fields }) => {
    const data = accountEventData(ACCOUNT, 41, event);
    expect(data).toEqual({
      connected_account_id: ACCOUNT.accountId,
      connection: 'crm',
      provider: 'custom',
      identifier: 'user_1',
      organization: 'acme',
      sequence: 41,
      ...fields,
    });
    expect(Object.keys(data).slice(0, COMMON.length)).toEqual(COMMON);
  });

  it('is made for every type that belongs to an account', () => {
    const made = new Set<string>(OWN.map(({ event }) => event.type));
    const ofAccounts = EVENT_TYPES.filter((type) => /^(?:agent\.auth|connected_account)\./.test(type));
    expect(made).toEqual(new Set(ofAccounts));
  });

  it('says null for no organization, however rows keep it', () => {
    for (const organization of ['', null]) {
      const account = { ...ACCOUNT, organization };
      expect(accountEventData(account, 1, { type: 'connected_account.disabled' })).toMatchObject({
        organization: null,
      });
      expect(agentEventData({ agent: 'bot', organization })).toEqual({ agent: 'bot', organization: null });
    }
  });

  it('of connections, agents and tests has no sequence', () => {
    const health = { connection: 'crm', provider: 'custom', healthReason: 'invalid_client' };
    expect(connectionEventData(health)).toEqual({
      connection: 'crm',
      provider: 'custom',
      health_reason: 'invalid_client',
    });
    expect(agentEventData({ agent: 'bot', organization: 'acme' })).toEqual({
      agent: 'bot',
      organization: 'acme',
    });
    expect(testEventData('we_1')).toEqual({ endpoint: 'we_1' });
  });
});

/** What has more than one spelling in JSON, or none in UTF-8. */
const anyText = fc
  .array(fc.constantFrom('a', '"', '\\', '/', '\n', '\u0000', '\u2028', 'é', '😀', '\ud800', '\udc00'))
  .map((chars) => chars.join(''));

describe('a body', () => {
  it('is type, timestamp and data, in this order', () => {
    expect(eventBody({ type: 'webhook.test', atMs: NOW, data: testEventData('we_1') })).toBe(
      '{"type":"webhook.test","timestamp":"2026-11-21T10:00:00.000Z","data":{"endpoint":"we_1"}}',
    );
  });

  it('reads back as what went in, and has one spelling in bytes', () => {
    fc.assert(
      fc.property(anyText, (identifier) => {
        const data = accountEventData({ ...ACCOUNT, identifier }, 1, { type: 'connected_account.revoked' });
        const body = eventBody({ type: 'connected_account.revoked', atMs: NOW, data });
        expect(JSON.parse(body)).toMatchObject({ data: { identifier } });
        expect(Buffer.from(body).toString()).toBe(body);
      }),
    );
  });
});

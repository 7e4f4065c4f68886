/** Who gets an event. */

import { describe, expect, it } from 'vitest';
import { anyWantsRefreshed, organizationsHeard, receiversOf } from '#outbox/receivers.ts';
import { HEALTHY, type EndpointHealth } from '#webhooks/endpoint-health.ts';

interface Given {
  readonly organization?: string;
  readonly events?: readonly string[];
  readonly createdAtMs?: number;
  readonly status?: EndpointHealth['status'];
}

const endpoint = ({ organization = '', events = ['*'], createdAtMs = 0, status = 'active' }: Given = {}) => ({
  organization,
  events,
  createdAtMs,
  health: { ...HEALTHY, status },
});
const event = { type: 'connected_account.disabled', organization: 'acme', atMs: 100 } as const;
const gets = (given: Given, changes: object = {}) =>
  receiversOf({ ...event, ...changes }, [endpoint(given)]).length === 1;

describe('an event goes to', () => {
  it('endpoints of its organization and of none, and to no other organization', () => {
    expect(gets({ organization: 'acme' })).toBe(true);
    expect(gets({ organization: '' })).toBe(true);
    expect(gets({ organization: 'globex' })).toBe(false);
    expect(gets({ organization: 'acme' }, { organization: '' })).toBe(false);
    expect(gets({ organization: '' }, { organization: '' })).toBe(true);
  });

  it('endpoints that were there when it happened', () => {
    expect(gets({ createdAtMs: 100 })).toBe(true);
    expect(gets({ createdAtMs: 101 })).toBe(false);
  });

  it('failing endpoints, not disabled ones', () => {
    expect(gets({ status: 'failing' })).toBe(true);
    expect(gets({ status: 'disabled' })).toBe(false);
  });

  it('endpoints that ask for its type', () => {
    expect(gets({ events: ['connected_account.*'] })).toBe(true);
    expect(gets({ events: ['agent.auth.*'] })).toBe(false);
    expect(gets({}, { type: 'connected_account.refreshed' })).toBe(false);
  });
});

describe('plain refreshes', () => {
  const wants = (given: Given, organization = 'acme') =>
    anyWantsRefreshed([endpoint({ events: ['connected_account.refreshed'], ...given })], organization);

  it('are made where somebody who hears the organization names them', () => {
    expect(wants({})).toBe(true);
    expect(wants({ organization: 'acme' })).toBe(true);
    expect(wants({ organization: 'globex' })).toBe(false);
    expect(wants({ status: 'disabled' })).toBe(false);
    expect(wants({ events: ['*', 'connected_account.*'] })).toBe(false);
  });
});

it('whoever asks for endpoints always asks for those of none, each once and in one order', () => {
  expect(organizationsHeard([])).toEqual(['']);
  expect(organizationsHeard(['b', 'a', '', 'b'])).toEqual(['', 'a', 'b']);
});

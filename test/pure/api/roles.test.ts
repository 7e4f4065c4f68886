/** Every route says who may use it: the table of roles and the app's own registry are compared. */

import { describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { ADMIN_FIELDS, fieldBeyond, LEAST_ROLE, OTHER_CALLERS, roleReaches, ROLES } from '#contract/roles.ts';

const registered = createApp().openAPIRegistry.definitions.flatMap((item) =>
  item.type === 'route' ? [`${item.route.method.toUpperCase()} ${item.route.path}`] : [],
);

describe('the table of roles', () => {
  it('names every route of the app, in one of its two lists', () => {
    expect(registered.length).toBeGreaterThan(30);
    const missing = registered.filter((route) => !(route in LEAST_ROLE) && !(route in OTHER_CALLERS));
    expect(
      missing,
      'add each to LEAST_ROLE (who of the four roles) or OTHER_CALLERS in src/contract/roles.ts',
    ).toEqual([]);
    expect(Object.keys(LEAST_ROLE).filter((route) => route in OTHER_CALLERS)).toEqual([]);
  });

  it('reserves fields on routes that it names', () => {
    expect(Object.keys(ADMIN_FIELDS).filter((route) => !(route in LEAST_ROLE))).toEqual([]);
  });

  it('lets nobody but an admin near keys and policies, and an auditor only read', () => {
    for (const [route, least] of Object.entries(LEAST_ROLE)) {
      const isRead = route.startsWith('GET ');
      expect(roleReaches('admin', least), route).toBe(true);
      if (!isRead) expect(roleReaches('auditor', least), route).toBe(false);
      if (!isRead && /keys|policy$/.test(route)) expect(roleReaches('operator', least), route).toBe(false);
      if (roleReaches('connect', least)) {
        expect(route).toMatch(/providers|connections|connected-accounts|connect-/);
      }
    }
  });
});

describe('a reserved field', () => {
  const create = 'POST /v1/agents';
  const change = 'PATCH /v1/agents/{id}';

  it('is beyond every role but admin', () => {
    for (const role of ROLES) {
      expect(fieldBeyond(role, create, { id: 'a', key: true })).toBe(role === 'admin' ? null : 'key');
    }
    expect(fieldBeyond('operator', 'POST /v1/connections', { client_secret: ['a', 'b'] })).toBe(
      'client_secret',
    );
  });

  it('counts in a new thing where it sets something, in a change also where it removes', () => {
    expect(fieldBeyond('operator', create, { id: 'a', key: false, policy: null })).toBeNull();
    expect(fieldBeyond('operator', change, { policy: null })).toBe('policy');
    expect(fieldBeyond('operator', change, { name: 'b' })).toBeNull();
  });

  it('is looked for in objects alone', () => {
    for (const body of [null, 'policy', 7, ['policy']])
      expect(fieldBeyond('operator', create, body)).toBeNull();
  });
});

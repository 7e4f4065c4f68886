import { describe, expect, it } from 'vitest';
import { isRootKey } from '#callers/methods/root-key.ts';
import { organizationOfNew, reachesOrganization } from '#callers/operator-reach.ts';

describe('ADMIN_KEY', () => {
  const adminKey = 'vk_agent_looks-like-one_0123456789abcdef';

  it('is compared whole, whatever it begins with', () => {
    expect(isRootKey({ adminKey }, adminKey)).toBe(true);
    expect(isRootKey({ adminKey }, adminKey.slice(0, -1))).toBe(false);
    expect(isRootKey({ adminKey }, `${adminKey}x`)).toBe(false);
    expect(isRootKey({ adminKey }, '')).toBe(false);
  });

  it('is nobody where none is configured', () => {
    expect(isRootKey({ adminKey: null }, adminKey)).toBe(false);
    expect(isRootKey({ adminKey: null }, 'null')).toBe(false);
  });
});

describe('the organization of an operator', () => {
  it('is all of them where it is not bound', () => {
    expect(reachesOrganization({ organization: null }, '')).toBe(true);
    expect(reachesOrganization({ organization: null }, 'acme')).toBe(true);
    expect(organizationOfNew({ organization: null }, undefined)).toBe('');
    expect(organizationOfNew({ organization: null }, 'acme')).toBe('acme');
  });

  it('is its own where it is bound, and nothing that belongs to none', () => {
    const acme = { organization: 'acme' };
    expect(reachesOrganization(acme, 'acme')).toBe(true);
    expect(reachesOrganization(acme, 'acme2')).toBe(false);
    expect(reachesOrganization(acme, '')).toBe(false);
    expect(organizationOfNew(acme, undefined)).toBe('acme');
    expect(organizationOfNew(acme, 'acme')).toBe('acme');
    expect(organizationOfNew(acme, 'other')).toBeNull();
  });
});

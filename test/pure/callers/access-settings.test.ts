/** Cloudflare Access: which settings let whom in as what, and that half a setting lets nobody in. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessSettings, emailIn, roleOf } from '#callers/access/settings.ts';

const texts = (over: Record<string, string | null> = {}) => ({
  accessTeam: 'acme',
  accessAudience: 'a1b2',
  accessRoles: 'ops@acme.example=admin',
  allowLoopback: false,
  ...over,
});
const rolesOf = (accessRoles: string) => {
  const settings = accessSettings(texts({ accessRoles }));
  if (!settings.ok || settings.value === null) throw new Error('expected settings');
  return settings.value.roles;
};

describe('the settings', () => {
  it('are none where none is set', () => {
    const none = { accessTeam: null, accessAudience: null, accessRoles: null };
    expect(accessSettings(texts(none))).toEqual({ ok: true, value: null });
  });

  it.each([
    'acme',
    'acme.cloudflareaccess.com',
    'https://acme.cloudflareaccess.com',
    'https://acme.cloudflareaccess.com/',
  ])('take the team as %s', (accessTeam) => {
    expect(accessSettings(texts({ accessTeam }))).toMatchObject({
      ok: true,
      value: {
        issuer: 'https://acme.cloudflareaccess.com',
        jwksUri: 'https://acme.cloudflareaccess.com/cdn-cgi/access/certs',
        audiences: ['a1b2'],
      },
    });
  });

  it.each([
    [{ accessTeam: null }, 'ACCESS_TEAM'],
    [{ accessTeam: 'https://evil.example' }, 'ACCESS_TEAM'],
    [{ accessTeam: 'acme.cloudflareaccess.com.evil.example' }, 'ACCESS_TEAM'],
    [{ accessTeam: 'http://127.0.0.1:9' }, 'ACCESS_TEAM'],
    [{ accessAudience: null }, 'ACCESS_AUD'],
    [{ accessAudience: ' , ' }, 'ACCESS_AUD'],
    [{ accessAudience: 'a b' }, 'ACCESS_AUD'],
    [{ accessRoles: null }, 'ACCESS_ROLES'],
    [{ accessRoles: ',' }, 'ACCESS_ROLES'],
    [{ accessRoles: 'ops@acme.example=root' }, 'ACCESS_ROLES'],
    [{ accessRoles: 'ops@acme.example' }, 'ACCESS_ROLES'],
    [{ accessRoles: '*=admin' }, 'ACCESS_ROLES'],
    [{ accessRoles: 'ops@acme.example=admin, nobody=auditor' }, 'ACCESS_ROLES'],
  ])('%j let nobody in, and say which of them it is', (over, name) => {
    expect(accessSettings(texts(over))).toMatchObject({ ok: false, error: expect.stringContaining(name) });
  });
});

describe('a role', () => {
  const roles = rolesOf(
    'Ops@Acme.example=admin, group:Platform Team=operator, group:0f1e=connect\n@acme.example=auditor',
  );

  it.each([
    [{ email: 'ops@acme.example' }, 'admin'],
    [{ email: 'OPS@ACME.example' }, 'admin'],
    [{ email: 'else@acme.example' }, 'auditor'],
    [{ email: 'x@other.example', groups: ['Platform Team'] }, 'operator'],
    [{ email: 'x@other.example', custom: { groups: ['Platform Team'] } }, 'operator'],
    [{ email: 'x@other.example', groups: [{ id: '0f1e', name: 'Backend' }] }, 'connect'],
    [{ email: 'else@acme.example', groups: ['Platform Team'] }, 'operator'],
    [{ email: 'x@other.example', groups: ['platform team'] }, null],
    [{ email: 'x@sub.acme.example' }, null],
    [{ email: 'x@evil.example@acme.example' }, null],
    [{ email: ['ops@acme.example'] }, null],
    [{ name: 'ops@acme.example', sub: 'ops@acme.example' }, null],
    [{}, null],
  ])('of %j is %s: the first entry that fits', (claims, role) => {
    expect(roleOf(claims, roles)).toBe(role);
  });

  it('is of an address that the token has, whatever else it holds', () => {
    fc.assert(
      fc.property(fc.object(), (claims) => {
        expect(() => roleOf(claims, roles)).not.toThrow();
        if (emailIn(claims) === null && claims['groups'] === undefined && claims['custom'] === undefined)
          expect(roleOf(claims, roles)).toBeNull();
      }),
    );
  });
});

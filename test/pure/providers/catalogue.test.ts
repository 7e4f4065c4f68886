/** The catalogue: the essential facts of each entry, and that every entry holds together. */

import { describe, expect, it } from 'vitest';
import { allDescriptors, findDescriptor } from '#providers/catalogue/catalogue.ts';
import { Descriptor, revocationReachOf } from '#providers/descriptor.ts';
import { parseTokenHeader } from '#providers/headers.ts';
import { refreshTokenLifeOf, rotationOf } from '#providers/rotation.ts';
import { applyVariables } from '#providers/variables.ts';
import { custom, known } from './descriptors.ts';
import { samplesOf } from './variable-samples.ts';

describe('the catalogue', () => {
  it('finds what it has, by exact id, and nothing that it has not', () => {
    expect(findDescriptor('hubspot')?.display_name).toBe('HubSpot');
    for (const id of ['HubSpot', 'nothing', '', '__proto__', 'constructor'])
      expect(findDescriptor(id)).toBeUndefined();
  });

  it('lists every entry once, complete and in order', () => {
    const ids = allDescriptors().map((descriptor) => descriptor.id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    for (const descriptor of allDescriptors()) expect(Descriptor.parse(descriptor)).toEqual(descriptor);
  });

  it('has entries that say where their facts come from, and headers that can be built', () => {
    for (const descriptor of allDescriptors()) {
      expect(descriptor.source.length, descriptor.id).toBeGreaterThan(0);
      expect(parseTokenHeader(descriptor.token_header ?? ''), descriptor.id).not.toBeNull();
      const applied = applyVariables(descriptor, samplesOf(descriptor), 'client-12345');
      expect(applied, descriptor.id).toMatchObject({ ok: true, pending: [] });
    }
  });

  it('refuses a descriptor with a key that it does not know', () => {
    expect(Descriptor.safeParse({ ...known('hubspot'), tokenUrl: 'x' }).success).toBe(false);
  });
});

describe('the facts', () => {
  it('of HubSpot: half-hour tokens, a refresh token that stays, the dated endpoints', () => {
    expect(known('hubspot')).toMatchObject({
      authorization_url: 'https://app.hubspot.com/oauth/authorize',
      token_url: 'https://api.hubapi.com/oauth/2026-03/token',
      revocation_url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
      token_endpoint_auth_method: 'client_secret_post',
      access_token_ttl_s: 1800,
      refresh_token: 'static',
      refresh_scope_downscoping: 'unknown',
      api_base_urls: ['https://api.hubapi.com'],
      scope_aliases: { 'contacts.read': 'crm.objects.contacts.read' },
      subject_source: 'userinfo.portalId',
    });
    expect(rotationOf(known('hubspot'))).toEqual({ rotating: false, graceMs: null });
    expect(revocationReachOf(known('hubspot'))).toBe('grant');
  });

  it('of Google: hour tokens, offline access by consent, narrowing, a revocation that reaches the whole project', () => {
    expect(known('google')).toMatchObject({
      authorization_url: 'https://accounts.google.com/o/oauth2/v2/auth',
      token_url: 'https://oauth2.googleapis.com/token',
      token_endpoint_auth_method: 'client_secret_post',
      extra_authorization_params: { access_type: 'offline', prompt: 'consent' },
      access_token_ttl_s: 3600,
      refresh_token: 'static',
      refresh_scope_downscoping: 'supported',
      subject_source: 'id_token.sub',
      email_is_verified: true,
      email_verified_source: 'id_token.email_verified',
    });
    expect(rotationOf(known('google')).rotating).toBe(false);
    expect(revocationReachOf(known('google'))).toBe('project');
    expect(refreshTokenLifeOf(known('google'))).toEqual({ idleMs: 15_552_000_000, absoluteMs: null });
  });

  it('of Slack: errors with 200, comma scopes, rotation that may be on', () => {
    expect(known('slack')).toMatchObject({
      token_url: 'https://slack.com/api/oauth.v2.access',
      scope_separator: ',',
      errors_with_http_200: true,
      token_response_success_check: { path: 'ok', equals: true },
      access_token_never_expires: 'when_no_expires_in',
      refresh_token: 'optional',
      refresh_scope_downscoping: 'unsupported',
      subject_source: 'token_response.team.id | token_response.enterprise.id',
    });
    expect(rotationOf(known('slack'))).toEqual({ rotating: true, graceMs: null });
  });

  it('that are not verified count as unknown', () => {
    const reach = { ...known('google'), unverified_fields: ['revocation_reach'] };
    expect(revocationReachOf(reach)).toBe('unknown');
    const rotating = custom({ refresh_token: 'rotating', refresh_reuse_grace_s: 1800 });
    expect(rotationOf(rotating).graceMs).toBe(1_800_000);
    expect(rotationOf({ ...rotating, unverified_fields: ['refresh_reuse_grace_s'] }).graceMs).toBeNull();
    expect(rotationOf({ ...rotating, refresh_reuse_grace_verified: false }).graceMs).toBeNull();
    expect(rotationOf({ ...rotating, refresh_reuse_grace_s: 59 }).graceMs).toBeNull();
    expect(rotationOf({ ...rotating, refresh_reuse_grace_s: 60 }).graceMs).toBe(60_000);
  });

  it('about the end of a refresh token run from each use where it rotates, and from the consent where it stays', () => {
    const life = (config: Record<string, unknown>) =>
      refreshTokenLifeOf(custom({ refresh_token_ttl_s: 100, ...config }));
    expect(life({ refresh_token: 'rotating' })).toEqual({ idleMs: 100_000, absoluteMs: null });
    expect(life({ refresh_token: 'static' })).toEqual({ idleMs: null, absoluteMs: 100_000 });
    expect(life({ refresh_token: 'static', refresh_token_idle_ttl_s: 7 })).toEqual({
      idleMs: 7000,
      absoluteMs: 100_000,
    });
  });
});

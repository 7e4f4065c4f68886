/** The catalogue: the essential facts of each entry, and that every entry holds together. */

import { describe, expect, it } from 'vitest';
import { allDescriptors, findDescriptor } from '#providers/catalogue/catalogue.ts';
import { Descriptor, credentialFieldsOf, revocationReachOf } from '#providers/descriptor.ts';
import { credentialHeaders, parseTokenHeader } from '#providers/requests/headers.ts';
import { refreshTokenLifeOf, rotationOf } from '#providers/rotation.ts';
import { applyVariables } from '#providers/variables/variables.ts';
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
      const header = descriptor.signer === undefined ? descriptor.token_header : 'X: signed';
      expect(parseTokenHeader(header ?? ''), descriptor.id).not.toBeNull();
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

  it('about the end of a grant hold beside the lives of its tokens', () => {
    const fiveYearsMs = 157_680_000_000;
    expect(refreshTokenLifeOf(known('quickbooks'))).toEqual({
      idleMs: 8_726_400_000,
      absoluteMs: fiveYearsMs,
    });
    expect(refreshTokenLifeOf(known('linkedin')).absoluteMs).toBe(31_536_000_000);
    expect(refreshTokenLifeOf(known('pipedrive'))).toEqual({ idleMs: 5_184_000_000, absoluteMs: null });
    expect(refreshTokenLifeOf(known('spotify'))).toEqual({ idleMs: null, absoluteMs: 15_552_000_000 });
  });

  it('about a refresh token that stays count only where they are verified', () => {
    expect(known('asana').refresh_token).toBe('static');
    expect(rotationOf(known('asana'))).toEqual({ rotating: true, graceMs: null });
    expect(rotationOf(known('dropbox'))).toEqual({ rotating: false, graceMs: null });
    expect(rotationOf(known('atlassian'))).toEqual({ rotating: true, graceMs: 600_000 });
    // A secondary source alone says half an hour.
    expect(rotationOf(known('linear'))).toEqual({ rotating: true, graceMs: null });
  });
});

describe('a preset', () => {
  it('shares its parent’s endpoints and errors, so that one client serves both', () => {
    for (const id of ['google-gmail', 'google-calendar', 'outlook', 'sharepoint', 'jira']) {
      const preset = known(id);
      const parent = known(preset.preset_of ?? '');
      expect(preset.token_url).toBe(parent.token_url);
      expect(preset.authorization_url).toBe(parent.authorization_url);
      expect(preset.terminal_refresh_errors).toEqual(parent.terminal_refresh_errors);
      expect(preset.default_scopes_example).not.toEqual(parent.default_scopes_example);
    }
  });

  it('names a parent that exists', () => {
    const parents = allDescriptors().flatMap(({ preset_of: parent }) => (parent === null ? [] : [parent]));
    expect(parents.length).toBeGreaterThan(30);
    for (const parent of parents) expect(findDescriptor(parent), parent).toBeDefined();
  });
});

describe('a static credential', () => {
  const sent = (id: string, values: Record<string, string>) => {
    const entry = known(id);
    const applied = applyVariables(entry, samplesOf(entry));
    return applied.ok ? credentialHeaders(applied.descriptor.token_header, values) : null;
  };

  it('is sent by the provider’s habit, whatever that is', () => {
    expect(sent('openai', { api_key: 'k' })).toEqual({ Authorization: 'Bearer k' });
    expect(sent('anthropic', { api_key: 'k' })).toEqual({ 'x-api-key': 'k' });
    expect(sent('gitlab-pat', { api_key: 'k' })).toEqual({ 'PRIVATE-TOKEN': 'k' });
    expect(sent('freshdesk', { username: 'k', password: '' })).toEqual({
      Authorization: `Basic ${btoa('k:X')}`,
    });
    expect(sent('zendesk-api-token', { username: 'a@b.example', password: 'k' })).toEqual({
      Authorization: `Basic ${btoa('a@b.example/token:k')}`,
    });
    expect(sent('twilio', { username: 'SK1', password: 's' })).toEqual({
      Authorization: `Basic ${btoa('SK1:s')}`,
    });
    expect(sent('datadog', { api_key: 'k', application_key: 'a' })).toEqual({
      'DD-API-KEY': 'k',
      'DD-APPLICATION-KEY': 'a',
    });
    expect(sent('algolia', { api_key: 'k' })).toEqual({
      'X-Algolia-Application-Id': 'ABCDEFGHIJ',
      'X-Algolia-API-Key': 'k',
    });
  });

  it('of every entry fills its header from the fields that the entry names', () => {
    for (const entry of allDescriptors()) {
      if (!['api_key', 'basic', 'custom'].includes(entry.auth_type)) continue;
      const fields = credentialFieldsOf(entry);
      expect(fields.length, entry.id).toBeGreaterThan(0);
      expect(
        sent(entry.id, Object.fromEntries(fields.map(({ name }) => [name, 'v']))),
        entry.id,
      ).not.toBeNull();
    }
  });
});

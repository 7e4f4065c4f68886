/** What an operator may add to requests: never what the broker says itself, nor what proves somebody. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProviderConfig } from '#providers/custom.ts';
import { EXTRA_PARAMS, withoutExtraValues } from '#providers/requests/reserved-params.ts';

const ENDPOINTS = {
  authorization_url: 'https://id.example.com/authorize',
  token_url: 'https://id.example.com/token',
};

/** The parameters that RFC 6749, 7521, 7636, 8693, 9101 and 9207 and OpenID Connect give to requests of ours. */
const RESERVED: Record<string, readonly string[]> = {
  extra_authorization_params: [
    'response_type',
    'client_id',
    'client_secret',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'request',
    'request_uri',
    'iss',
    'code',
  ],
  extra_token_params: [
    'grant_type',
    'code',
    'redirect_uri',
    'code_verifier',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'assertion',
    'username',
    'password',
    'refresh_token',
    'subject_token',
  ],
  extra_refresh_params: [
    'grant_type',
    'client_id',
    'client_secret',
    'client_assertion',
    'refresh_token',
    'password',
  ],
};

const cases = EXTRA_PARAMS.flatMap((field) => (RESERVED[field] ?? []).map((name) => [field, name] as const));

describe('a reserved parameter', () => {
  it.each(cases)('in %s: %s is refused with its path', (field, name) => {
    for (const spelt of [name, name.toUpperCase(), ` ${name}`]) {
      const parsed = parseProviderConfig({ ...ENDPOINTS, [field]: { fine: '1', [spelt]: 'x' } });
      expect(parsed).toMatchObject({ ok: false, errors: [{ path: `provider_config.${field}.${spelt}` }] });
    }
  });

  it('is also what the config itself calls the client, the code and the scope', () => {
    const named = { client_id_param: 'app_id', code_param: 'auth_code', scope_param: 'user_scope' };
    for (const field of EXTRA_PARAMS)
      for (const name of Object.values(named))
        expect(parseProviderConfig({ ...ENDPOINTS, ...named, [field]: { [name]: 'x' } }).ok).toBe(false);
  });

  it('is none of those that providers ask for', () => {
    const extra_authorization_params = {
      access_type: 'offline',
      prompt: 'consent',
      audience: 'https://api.example.com',
    };
    const extra_token_params = { audience: 'https://api.example.com', resource: 'https://api.example.com' };
    const extra_refresh_params = { type: 'refresh', scope: 'offline' };
    const config = { ...ENDPOINTS, extra_authorization_params, extra_token_params, extra_refresh_params };
    expect(parseProviderConfig(config).ok).toBe(true);
  });
});

describe('a config without the values of its extra parameters', () => {
  it('keeps every name and everything else, and none of the values', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('audience', 'api_key', 'x'),
          fc.string({ minLength: 12, maxLength: 20 }),
        ),
        fc.constantFrom(...EXTRA_PARAMS),
        (params, field) => {
          const shown = withoutExtraValues({ ...ENDPOINTS, [field]: params });
          expect(shown).toMatchObject(ENDPOINTS);
          expect(Object.keys(shown[field] as object)).toEqual(Object.keys(params));
          expect(Object.values(shown[field] as object).every((value) => value === null)).toBe(true);
        },
      ),
    );
  });
});

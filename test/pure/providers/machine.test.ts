import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import {
  bringsOwnClient,
  connectionsOwn,
  credentialFrom,
  missingNames,
  sealableText,
} from '#providers/machine/credential.ts';
import { classifyMachine } from '#providers/machine/machine-answer.ts';
import { machineRequest, scopesAsked } from '#providers/machine/machine-request.ts';
import { includedInAll, requestedObjects, statedObjects } from '#providers/machine/scope-objects.ts';
import { isMachineType } from '#contract/machine/kinds.ts';
import { custom, known } from './descriptors.ts';

const cc = connectionsOwn('oauth2_client_credentials');
const context = {
  nowMs: 1_700_000_000_000,
  narrowed: false,
  setLifetimeS: null,
  type: 'oauth2_client_credentials',
} as const;
const answer = (status: number, json: unknown) =>
  ({
    kind: 'response',
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  }) as const;

describe("a machine's credential", () => {
  it('is the same after it was sealed, and what came later has its default', () => {
    const credential = { ...cc, client: { id: 'a', secret: 'b' }, values: { subject: '1' }, scopes: ['x'] };
    expect(credentialFrom(sealableText(credential))).toEqual(credential);
    expect(credentialFrom('{"type":"jwt_bearer"}')).toEqual(connectionsOwn('jwt_bearer'));
  });

  it('has to bring what its provider asks for and the connection does not say', () => {
    expect(missingNames(known('box-ccg'), cc)).toEqual(['box_subject_type', 'subject']);
    expect(missingNames(known('twilio-oauth'), cc)).toEqual([]);
    expect(missingNames(known('google-service-account'), connectionsOwn('jwt_bearer'))).toEqual([
      'client_email',
    ]);
    expect(missingNames(known('metabase-session'), connectionsOwn('session_token'))).toEqual(
      expect.arrayContaining(['username', 'password']),
    );
  });
});

describe('the request of a machine', () => {
  const input = { credential: cc, clientId: 'the-client', clientSecret: 's', scopes: [], assertion: null };

  it('names its grant type, its scopes and its client, and no refresh token', () => {
    const facts = custom({ auth_type: 'oauth2_client_credentials', token_url: 'https://a.example/token' });
    expect(machineRequest(facts, { ...input, scopes: ['a', 'b'] })).toMatchObject({
      ok: true,
      fields: { grant_type: 'client_credentials', scope: 'a b' },
      client: { id: 'the-client', secret: 's' },
      request: { auth: 'client_secret_basic' },
    });
  });

  it('is made for every entry of the catalogue whose values are known', () => {
    for (const entry of allDescriptors().filter(({ auth_type: type }) => isMachineType(type))) {
      if (entry.token_url === null || entry.token_url.includes('{')) continue;
      const type = entry.auth_type as 'jwt_bearer';
      const values = Object.fromEntries(missingNames(entry, connectionsOwn(type)).map((name) => [name, '1']));
      const credential = { ...connectionsOwn(type), values };
      const made = machineRequest(entry, { ...input, credential, assertion: 'a.b.c' });
      expect(made, entry.id).toMatchObject({ ok: true });
      if (made.ok) expect(Object.values(made.fields).join(), entry.id).not.toContain('{');
    }
  });

  it('asks for what it is narrowed to, else for its own, its connection’s, the usual', () => {
    const facts = known('microsoft-app-only');
    expect(scopesAsked(facts, { ...cc, scopes: ['own'] }, ['connection'], ['less'])).toEqual(['less']);
    expect(scopesAsked(facts, { ...cc, scopes: ['own'] }, ['connection'], null)).toEqual(['own']);
    expect(scopesAsked(facts, cc, ['connection'], null)).toEqual(['connection']);
    expect(scopesAsked(facts, cc, [], null)).toEqual(['https://graph.microsoft.com/.default']);
  });
});

describe('the answer to a machine', () => {
  const facts = custom({ auth_type: 'oauth2_client_credentials', token_url: 'https://a.example/token' });

  it('brings no refresh token, and no doubt with an odd one', () => {
    const body = { access_token: 'at', expires_in: 60, refresh_token: 'rt' };
    expect(classifyMachine(facts, answer(200, body), { ...context, isOwnClient: false })).toMatchObject({
      outcome: 'refreshed',
      doubt: false,
      tokens: { accessToken: 'at', refreshToken: null },
    });
    const odd = { ...body, refresh_token: { a: 1 } };
    expect(classifyMachine(facts, answer(200, odd), { ...context, isOwnClient: false })).toMatchObject({
      doubt: false,
    });
  });

  it('that refuses a client closes the connection, or ends the one account that brought it', () => {
    const refused = answer(401, { error: 'invalid_client' });
    expect(classifyMachine(facts, refused, { ...context, isOwnClient: false }).outcome).toBe(
      'client_rejected',
    );
    expect(classifyMachine(facts, refused, { ...context, isOwnClient: true })).toMatchObject({
      outcome: 'grant_dead',
      reason: 'grant_revoked',
    });
    const notAllowed = answer(400, { error: 'unauthorized_client' });
    expect(classifyMachine(facts, notAllowed, { ...context, isOwnClient: true })).toMatchObject({
      outcome: 'grant_dead',
      reason: 'admin_policy',
    });
    expect(bringsOwnClient(cc, 'the-client')).toBe(false);
    expect(bringsOwnClient({ ...cc, client: { id: 'own', secret: null } }, 'the-client')).toBe(true);
    expect(bringsOwnClient(connectionsOwn('jwt_bearer'), null)).toBe(true);
  });

  it('that says that clocks are apart ends nothing', () => {
    const apart = {
      error: 'invalid_grant',
      error_description:
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values',
    };
    const google = { ...context, type: 'jwt_bearer', isOwnClient: true } as const;
    expect(classifyMachine(known('google-service-account'), answer(400, apart), google).outcome).toBe(
      'transient',
    );
    const gone = { error: 'invalid_grant', error_description: 'Invalid grant: account not found' };
    expect(classifyMachine(known('google-service-account'), answer(400, gone), google).outcome).toBe(
      'grant_dead',
    );
  });
});

describe('scopes that are objects', () => {
  const facts = { levels: 'permissions', lists: { repository: 'repositories' } };

  it('are asked for as levels and lists, and stated again as they were', () => {
    const scopes = ['contents:read', 'issues:write', 'repository:docs'];
    const asked = requestedObjects(facts, scopes);
    expect(asked).toEqual({ permissions: { contents: 'read', issues: 'write' }, repositories: ['docs'] });
    const said = { permissions: asked['permissions'], repositories: [{ id: 1, name: 'docs' }] };
    expect(statedObjects(facts, said, false)).toEqual(scopes);
  });

  it('reach every item of a list that is not limited, and say so of a whole grant alone', () => {
    const said = { permissions: { contents: 'read' } };
    expect(statedObjects(facts, said, true)).toEqual(['contents:read', 'repository:*']);
    expect(statedObjects(facts, said, false)).toEqual(['contents:read']);
    const named = ['repository:docs', 'contents:read', 'other:x'];
    expect(includedInAll(facts, ['repository:*'], named)).toEqual(['repository:docs']);
    expect(includedInAll(facts, ['repository:a'], named)).toEqual([]);
    expect(includedInAll(undefined, ['repository:*'], named)).toEqual([]);
  });

  it.each([null, 'text', [], {}, { permissions: [] }, { permissions: 'all' }])(
    'are not read from %j',
    (body) => {
      expect(statedObjects(facts, body, true)).toBeNull();
    },
  );
});

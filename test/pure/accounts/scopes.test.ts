import { describe, expect, test } from 'vitest';
import { coverage } from '#policy/scopes.ts';
import { authorizationRequest } from '#providers/requests/authorization-request.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { askedScopeWarnings, unknownScopeWarnings } from '#providers/scopes/scope-warnings.ts';
import {
  openingScopes,
  resolveScopes,
  scopesAskedOf,
  scopesToAsk,
  scopesWithin,
  statedScopes,
  unknownScopes,
  withImplied,
} from '#providers/scopes/scopes.ts';
import { known } from '../providers/descriptors.ts';

const oauth = allDescriptors().filter(({ auth_type: type }) => type === 'oauth2');
const each = oauth.map((descriptor) => [descriptor.id, descriptor] as const);

/** Every scope that the facts of a provider name, in its own words. */
function scopesOf(facts: Descriptor): string[] {
  const named = [
    ...facts.default_scopes_example,
    ...facts.known_scopes,
    ...facts.offline_scopes,
    ...Object.values(facts.scope_aliases).flat(),
    ...Object.values(facts.scope_families).flat(),
    ...Object.values(facts.scope_synonyms),
  ];
  return [...new Set(named)].filter((name) => !name.includes('{'));
}

/** Other spellings of one scope, as its provider states it or as people write it. */
function spellingsOf(facts: Descriptor, scope: string): string[] {
  const recased = facts.scopes_ignore_case ? [scope.toLowerCase(), scope.toUpperCase()] : [];
  const renamed = Object.entries(facts.scope_synonyms).flatMap(([name, means]) =>
    means === scope && !Object.hasOwn(facts.scope_aliases, name) ? [name] : [],
  );
  const prefixed = facts.scope_prefix === null || scope.startsWith('.') ? [] : [facts.scope_prefix + scope];
  return [...recased, ...renamed, ...prefixed];
}

function decided(
  facts: Descriptor,
  granted: readonly string[],
  rule: readonly string[],
  asked: string[] | null,
) {
  const held = openingScopes(facts, granted);
  return coverage({
    granted: held,
    allowed: scopesWithin(facts, rule),
    asked: asked === null ? null : scopesAskedOf(facts, asked, withImplied(facts, held)),
    include: (scopes) => withImplied(facts, scopes),
  });
}

describe.each(each)('%s', (_id, facts) => {
  test('every spelling of a scope is that scope: in a rule, in a grant, in a request, and in what is asked for', () => {
    for (const scope of scopesOf(facts)) {
      for (const other of spellingsOf(facts, scope)) {
        expect(decided(facts, [other], [scope], null), `${other} under ${scope}`).toEqual({
          kind: 'covered',
        });
        expect(decided(facts, [scope], [other], null), `${scope} under ${other}`).toEqual({
          kind: 'covered',
        });
        expect(scopesToAsk(facts, [other]), other).toEqual(scopesToAsk(facts, [scope]));
        expect(unknownScopes(facts, [other])).toEqual([]);
        if (openingScopes(facts, [scope]).length === 0) continue;
        expect(decided(facts, [other], [scope], [scope])).toEqual({ kind: 'covered' });
        expect(decided(facts, [scope], [scope], [other])).toEqual({ kind: 'covered' });
      }
    }
  });

  test('an alias means its scopes, both ways', () => {
    for (const [alias, means] of Object.entries(facts.scope_aliases)) {
      const scopes = [means].flat();
      expect(resolveScopes(facts, [alias])).toEqual(statedScopes(facts, scopes));
      expect(decided(facts, scopes, [alias], null), alias).toEqual({ kind: 'covered' });
      expect(decided(facts, resolveScopes(facts, [alias]), scopes, null), alias).toEqual({ kind: 'covered' });
      if (openingScopes(facts, scopes).length > 0)
        expect(decided(facts, scopes, scopes, [alias]), alias).toEqual({ kind: 'covered' });
    }
  });

  test('names once resolved stay what they are', () => {
    for (const name of [...scopesOf(facts), ...Object.keys(facts.scope_aliases)]) {
      const once = resolveScopes(facts, [name]);
      expect(resolveScopes(facts, once), name).toEqual(once);
      expect(statedScopes(facts, once), name).toEqual(once);
    }
  });

  test('a family lets its scopes through, asks for some of them, and holds no scope that writes where it reads', () => {
    for (const [family, members] of Object.entries(facts.scope_families)) {
      expect(decided(facts, members, [family], null)).toEqual({ kind: 'covered' });
      const asked = openingScopes(facts, resolveScopes(facts, [family]));
      expect(asked.length).toBeGreaterThan(0);
      expect(scopesWithin(facts, [family])).toEqual(expect.arrayContaining(asked));
      for (const scope of members)
        expect(decided(facts, [scope], [family], [family]), scope).toEqual({ kind: 'covered' });
    }
    const writes =
      /(?:^|[._:-])(?:write|readwrite|manage|admin|delete|send|full|modify|create)(?:$|[._:-])|ReadWrite|Send/;
    expect(
      (facts.scope_families['read'] ?? []).filter(
        (scope) => writes.test(scope) && !scope.endsWith('.readonly'),
      ),
    ).toEqual([]);
  });

  test('a flow without scopes asks for the usual ones, and every flow for what a refresh token needs', () => {
    const usual = facts.default_scopes_example.filter((name) => !name.includes('{'));
    expect(scopesToAsk(facts, []).scopes).toEqual(expect.arrayContaining(statedScopes(facts, usual)));
    for (const named of [[], ['something.else'], usual])
      expect(scopesToAsk(facts, named).scopes).toEqual(expect.arrayContaining([...facts.offline_scopes]));
    const offline = usual.filter((name) => /^(?:offline|offline[._]access|refresh_token)$/.test(name));
    expect(facts.offline_scopes).toEqual(offline);
    for (const scope of facts.offline_scopes) {
      const told = askedScopeWarnings(facts, ['something.else'], 'scopes').join('\n');
      expect(told).toContain(scope);
      expect(decided(facts, ['a', scope], ['a'], null)).toEqual({ kind: 'covered' });
    }
  });

  test('the default scopes are known, none of them is a typing error, and they reach the authorization request', () => {
    expect(unknownScopes(facts, scopesOf(facts))).toEqual([]);
    const { scopes } = scopesToAsk(facts, []);
    const url = 'https://provider.example/authorize';
    const built = authorizationRequest(
      { ...facts, authorization_url: url, extra_authorization_params: {} },
      {
        clientId: 'client',
        redirectUri: 'https://broker.example/oauth/callback/x',
        scopes,
        state: 's',
        nonce: 'n',
        challenge: 'c',
        loginHint: null,
      },
    );
    const sent = built.ok ? built.params[facts.scope_param] : undefined;
    expect(sent).toBe(scopes.length === 0 ? undefined : scopes.join(facts.scope_separator));
  });
});

test('each main provider with scopes has read and write', () => {
  const google = ['calendar', 'gmail', 'drive', 'sheets', 'contacts', 'analytics', 'bigquery'].map(
    (id) => `google-${id}`,
  );
  const main = [
    'slack',
    'slack-user',
    ...google,
    'youtube',
    'hubspot',
    'github',
    'gitlab',
    'outlook',
    'outlook-calendar',
    'jira',
    'linear',
  ];
  for (const id of main)
    expect(Object.keys(known(id).scope_families), id).toEqual(expect.arrayContaining(['read', 'write']));
  // Its token can what its page was shared for: there is no scope to name.
  expect(known('notion').default_scopes_example).toEqual([]);
});

test('a comma keeps no two scopes together', () => {
  expect(resolveScopes(known('slack'), ['chat:write,channels:read', 'users:read, team:read'])).toEqual([
    'chat:write',
    'channels:read',
    'users:read',
    'team:read',
  ]);
});

test('read of a request is as much of it as was granted, and no more than the rule allows', () => {
  const slack = known('slack');
  expect(decided(slack, ['channels:read'], ['read'], ['read'])).toEqual({ kind: 'covered' });
  expect(decided(slack, ['chat:write'], ['read', 'write'], ['read'])).toEqual({ kind: 'missing_scopes' });
  expect(decided(slack, ['channels:read', 'chat:write'], ['read'], null)).toEqual({
    kind: 'narrow',
    to: ['channels:read'],
  });
  expect(decided(slack, ['channels:read'], ['write'], ['read'])).toEqual({ kind: 'scope_not_allowed' });
});

test('a scope that the provider leaves out because a wider one includes it counts as granted, and never the other way', () => {
  const github = known('github');
  expect(decided(github, ['repo'], ['repo', 'public_repo'], ['repo', 'public_repo'])).toEqual({
    kind: 'covered',
  });
  expect(decided(github, ['repo'], ['public_repo'], null)).toEqual({ kind: 'narrow', to: ['public_repo'] });
  expect(decided(github, ['public_repo'], ['repo'], ['repo'])).toEqual({ kind: 'missing_scopes' });
});

test('a typing error is named with what it may have been meant for; where no scope is known, none is wrong', () => {
  expect(unknownScopeWarnings(known('slack'), ['chat:wriet', 'chat:write'], 'scopes')).toEqual([
    'scopes: nothing here knows the scope chat:wriet: did you mean chat:write?',
  ]);
  expect(unknownScopeWarnings(known('slack'), ['zzz'], 'scopes')).toEqual([
    'scopes: nothing here knows the scope zzz: check how it is spelled',
  ]);
  expect(unknownScopes(known('notion'), ['anything'])).toEqual([]);
  expect(unknownScopes(known('slack'), ['mine.own'], ['mine.own'])).toEqual([]);
});

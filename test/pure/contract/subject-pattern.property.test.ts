/** Patterns over subjects of workload tokens: what each lets in, what two share, and which let strangers in. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  issuerProblem,
  matchesSubject,
  patternsOverlap,
  prefixesOf,
  prefixOf,
  subjectProblem,
} from '#contract/callers/subject-pattern.ts';
import { OTHER_PUBLIC_ISSUERS, presetOf, WORKLOAD_PRESETS } from '#contract/callers/workload-presets.ts';

const part = fc.stringMatching(/^[ab]{1,3}$/);
const subject = fc
  .array(fc.tuple(part, fc.constantFrom(':', '/')), { minLength: 1, maxLength: 4 })
  .chain((parts) => part.map((last) => parts.map(([text, sign]) => text + sign).join('') + last));
const pattern = fc.oneof(
  subject,
  subject.map((text) => `${text}:*`),
  subject.map((text) => text.replace(/[ab]+/, '*')),
  fc.tuple(subject, subject).map(([one, other]) => `${one}/*:${other}`),
  subject.map((text) => `${text}*`),
);

/** As the contract says it, in another way: a regular expression. */
function byExpression(text: string): RegExp {
  const [...parts] = text.split('*');
  const literal = parts.map((one) => one.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));
  const last = literal.pop() ?? '';
  const head = literal.join('[^:/]+');
  if (parts.length === 1) return new RegExp(`^${last}$`);
  return text.endsWith('*') ? new RegExp(`^${head}.+$`) : new RegExp(`^${head}[^:/]+${last}$`);
}

it('a pattern lets in what the same regular expression does', () => {
  fc.assert(
    fc.property(pattern, subject, (one, text) => {
      expect(matchesSubject(one, text)).toBe(byExpression(one).test(text));
    }),
    { numRuns: 2_000 },
  );
});

it('two patterns that let in one subject overlap, whichever is asked first', () => {
  fc.assert(
    fc.property(pattern, pattern, subject, (one, other, text) => {
      expect(patternsOverlap(one, other)).toBe(patternsOverlap(other, one));
      if (matchesSubject(one, text) && matchesSubject(other, text))
        expect(patternsOverlap(one, other)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

it('a pattern is found by the beginnings of every subject that it lets in', () => {
  fc.assert(
    fc.property(pattern, subject, (one, text) => {
      if (matchesSubject(one, text)) expect(prefixesOf(text)).toContain(prefixOf(one));
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['repo:acme/*', 'repo:acme/web:ref:refs/heads/main', true],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/web:ref:refs/heads/main', true],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/web:environment:x:ref:refs/heads/main', false],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/a/b:ref:refs/heads/main', false],
  ['repo:acme/web-*:ref:refs/heads/main', 'repo:acme/web-api:ref:refs/heads/main', true],
  ['repo:acme/*', 'repo:acme/', false],
  ['repo:acme/*', 'repo:acme@12/web@34:ref:refs/heads/main', false],
  ['repo:acme/*', 'repo:acme/*', false],
])('%s lets in %s: %s', (one, text, expected) => {
  expect(matchesSubject(one, text)).toBe(expected);
});

it.each([
  ['repo:acme/*', 'repo:acme/web:ref:refs/heads/main', true],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/web:*', true],
  ['repo:acme/*:ref:refs/heads/main', 'repo:acme/web:environment:*', false],
  ['repo:acme/*:environment:a', 'repo:acme/*:environment:b', false],
  ['repo:acme/a*', 'repo:acme/*b', true],
  ['repo:acme/web:*', 'repo:acme/webs:*', false],
])('%s and %s overlap: %s', (one, other, expected) => {
  expect(patternsOverlap(one, other)).toBe(expected);
});

describe.each(WORKLOAD_PRESETS)('the preset $name', (preset) => {
  const { name, issuer, safe, refused } = preset;
  const problem = (text: string, at = issuer) => subjectProblem(at, text, name);

  it('is told from its issuer, where it has one of its own', () => {
    expect(presetOf(issuer, undefined)).toBe(preset.issuers === null ? null : preset);
    expect(presetOf(issuer, name)).toBe(preset);
    expect(presetOf('https://issuer.example', name)).toBe(preset);
    expect(presetOf('https://issuer.example', undefined)).toBeNull();
  });

  it('takes its safe subject, and refuses the one that lets strangers in, with a reason', () => {
    for (const at of [issuer, 'https://issuer.example']) {
      expect(problem(safe, at)).toBeNull();
      expect(problem(refused, at)).toContain(preset.title);
    }
  });

  it('refuses a `*` at every place before the owner is named', () => {
    const owner = preset.owner.exec(safe)?.[0] ?? '';
    expect(owner).not.toBe('');
    for (let at = 0; at < owner.length; at += 1) {
      const within = problem(`${safe.slice(0, at)}*`);
      // A shorter name of an owner is another owner: its end has to be there too.
      expect(within, safe.slice(0, at)).not.toBeNull();
      expect(problem(`${safe.slice(0, at)}*${safe.slice(at + 1)}`), `${at}`).not.toBeNull();
    }
  });

  it('takes a `*` behind the owner, or none at all where one form of subject alone is stable', () => {
    const owner = preset.owner.exec(safe)?.[0] ?? '';
    expect(problem(`${owner}*`) === null).toBe(preset.whole === undefined);
  });

  it('is not taken for the issuer of another platform', () => {
    for (const other of WORKLOAD_PRESETS) {
      if (other.issuers === null || preset.issuers?.test(other.issuer) === true) continue;
      expect(presetOf(other.issuer, name)).toBe('foreign');
    }
  });
});

it.each([
  'repo:*',
  'repo:acme*',
  'repo:acme@*',
  'repo:acme@12*',
  'repository_owner:acme*',
  'repository_owner_id:12*',
  'repository_id:12*',
  'repository:acme*',
  'repo:*/web:ref:refs/heads/main',
  '*',
  'environment:production',
  'job_workflow_ref:acme/flows/.github/workflows/run.yml@refs/heads/main',
])('a workflow of strangers would pass by %s', (text) => {
  expect(subjectProblem('https://token.actions.githubusercontent.com', text, undefined)).not.toBeNull();
});

it.each([
  'repo:acme/web:ref:refs/heads/main',
  'repo:acme@12/web@34:ref:refs/heads/main',
  'repo:acme@12/*',
  'repo:acme/web:*',
  'repo:acme/*:environment:production',
  'repository_owner_id:12:*',
  'repository_owner:acme:environment:production',
])('the owner’s own workflows pass by %s', (text) => {
  expect(subjectProblem('https://token.actions.githubusercontent.com', text, undefined)).toBeNull();
});

it('without a preset a `*` stands at the end alone, after `:` or `/`', () => {
  const problem = (text: string) => subjectProblem('https://issuer.example', text, undefined);
  for (const good of ['a', 'a:*', 'a/*', 'a:b/*']) expect(problem(good)).toBeNull();
  for (const bad of ['*', 'a*', 'a:*:b', 'a:*b', '*:a', 'a.*', 'a:**', 'a:*:*'])
    expect(problem(bad)).not.toBeNull();
});

it.each([
  ['https://agent.buildkite.com', 'organization:acme:pipeline:agent:*', 'organization:*'],
  ['https://app.terraform.io', 'organization:acme:*', 'organization:*'],
  ['https://app.eu.terraform.io', 'organization:acme:*', 'org/*'],
])(
  'at %s, which everybody may have tokens of, %s names its owner and %s lets strangers in',
  (issuer, good, bad) => {
    expect(OTHER_PUBLIC_ISSUERS.some(({ issuers }) => issuers?.test(issuer))).toBe(true);
    expect(subjectProblem(issuer, good, undefined)).toBeNull();
    expect(subjectProblem(issuer, bad, undefined)).toContain('lets strangers in');
  },
);

it('the issuer of every tenant is none', () => {
  for (const tenant of ['common', 'organizations', 'consumers', '{tenantid}'])
    expect(issuerProblem(`https://login.microsoftonline.com/${tenant}/v2.0`)).not.toBeNull();
  for (const { issuer } of WORKLOAD_PRESETS) expect(issuerProblem(issuer)).toBeNull();
});

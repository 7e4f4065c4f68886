import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Descriptor, REVOCATION_REACHES, type RevocationReach } from '#providers/descriptor.ts';
import {
  mayShare,
  readRevocation,
  revocationDecision,
  tokenHostOf,
  type GrantIdentity,
} from '#providers/requests/revocation.ts';

const few = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: null });
const identity: fc.Arbitrary<GrantIdentity> = fc.record({
  tokenHost: few('one.example', 'two.example'),
  clientId: few('app', 'other-app'),
  subject: few('ada', 'grace', 'linus'),
});
const reach = fc.constantFrom(...REVOCATION_REACHES);
const WIDE: RevocationReach[] = ['grant', 'project', 'installation', 'unknown'];

describe('a grant', () => {
  it('is never revoked with a reach beyond the token while another may be the same at the provider', () => {
    fc.assert(
      fc.property(reach, identity, fc.array(identity, { maxLength: 6 }), (wide, own, others) => {
        const decided = revocationDecision(wide, own, others);
        if (decided !== 'revoke' || wide === 'token') return;
        expect(own.subject).not.toBeNull();
        for (const other of others) {
          const isApart =
            other.clientId !== own.clientId ||
            (other.tokenHost !== null && own.tokenHost !== null && other.tokenHost !== own.tokenHost) ||
            (other.subject !== null && other.subject !== own.subject);
          expect(isApart).toBe(true);
        }
      }),
    );
  });

  it('is revoked where the reach is the token alone, whoever else there is', () => {
    fc.assert(
      fc.property(identity, fc.array(identity), (own, others) => {
        expect(revocationDecision('token', own, others)).toBe('revoke');
      }),
    );
  });

  it('is never taken to a provider that cannot revoke', () => {
    fc.assert(
      fc.property(identity, fc.array(identity), (own, others) => {
        expect(revocationDecision('none', own, others)).toBe('unsupported');
      }),
    );
  });

  it('is revoked where nobody else holds one, and left once one more that may be the same is there', () => {
    const known = identity.filter(({ subject }) => subject !== null);
    fc.assert(
      fc.property(fc.constantFrom(...WIDE), known, fc.array(identity), (wide, own, others) => {
        const apart = others.filter((other) => !mayShare(own, other));
        expect(revocationDecision(wide, own, apart)).toBe('revoke');
        expect(revocationDecision(wide, own, [...apart, own])).toBe('skipped_shared_grant');
        expect(revocationDecision(wide, own, [...apart, { ...own, subject: null }])).toBe(
          'skipped_shared_grant',
        );
      }),
    );
  });
});

it('a token endpoint is told apart by host and port', () => {
  expect(tokenHostOf('https://a.example/token')).toBe('a.example');
  expect(tokenHostOf('https://a.example:8443/token')).toBe('a.example:8443');
  expect(tokenHostOf('nonsense')).toBeNull();
  expect(tokenHostOf(null)).toBeNull();
});

describe('an answer of a revocation endpoint', () => {
  const facts = { id: 'one', display_name: 'One', auth_type: 'oauth2' } as const;
  const plain = Descriptor.parse(facts);
  const chatty = Descriptor.parse({
    ...facts,
    errors_with_http_200: true,
    token_response_success_check: { path: 'ok', equals: true },
  });
  const answer = (status: number, body: object | string = '', headers: Record<string, string> = {}) => ({
    kind: 'response' as const,
    status,
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    truncated: false,
    overlong: false,
  });
  const kind = (status: number, body?: object | string) =>
    readRevocation(plain, answer(status, body), 0).kind;

  it('is success with any 2xx, and where the token is not known any more', () => {
    expect(kind(200)).toBe('revoked');
    expect(kind(204)).toBe('revoked');
    expect(kind(200, '<html>')).toBe('revoked');
    expect(kind(400, { error: 'invalid_token' })).toBe('revoked');
  });

  it('is final where the provider has no such call', () => {
    expect(kind(400, { error: 'unsupported_token_type' })).toBe('unsupported');
    expect(kind(404)).toBe('unsupported');
    expect(kind(405)).toBe('unsupported');
  });

  it('is asked for again after everything else', () => {
    for (const status of [302, 400, 401, 403, 408, 429, 500, 503]) expect(kind(status)).toBe('again');
    expect(kind(401, { error: 'invalid_client' })).toBe('again');
    expect(readRevocation(plain, { kind: 'failure', failure: 'timeout' }, 0)).toMatchObject({
      kind: 'again',
      code: 'timeout',
    });
    expect(readRevocation(plain, answer(503, '', { 'retry-after': '7' }), 0).retryAfterMs).toBe(7000);
  });

  it('is no success where a provider says otherwise under 200', () => {
    expect(readRevocation(chatty, answer(200, { ok: true, revoked: true }), 0).kind).toBe('revoked');
    expect(readRevocation(chatty, answer(200, { ok: false, error: 'internal_error' }), 0)).toEqual({
      kind: 'again',
      code: 'internal_error',
      retryAfterMs: null,
    });
  });

  it('never brings the provider’s own text along', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 200, max: 599 }), (error, status) => {
        expect(readRevocation(plain, answer(status, { error }), 0).code ?? '').toMatch(/^[\w.-]{0,64}$/);
      }),
    );
  });
});

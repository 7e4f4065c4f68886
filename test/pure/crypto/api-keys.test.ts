import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgentKey, parseAgentKey } from '#crypto/api-keys.ts';
import { accountId } from '#crypto/digest.ts';
import { Secret } from '#crypto/secret.ts';
import { inspect } from 'node:util';

const agentIds = fc.stringMatching(/^[a-z0-9._-]{1,64}$/);

describe('an agent key', () => {
  it('has the shape that secret scanners know', () => {
    expect(createAgentKey('bot').key).toMatch(/^vk_agent_bot_[0-9A-Za-z]{59}$/);
  });

  it('tells its agent and key id, whatever characters the agent id holds', () => {
    fc.assert(
      fc.property(agentIds, (agentId) => {
        const made = createAgentKey(agentId);
        expect(parseAgentKey(made.key)).toEqual({ agentId, keyId: made.keyId, digest: made.digest });
      }),
    );
  });

  it('is no key after any change of one character', () => {
    const { key, digest } = createAgentKey('a.b_c-d');
    for (let index = 0; index < key.length; index += 1) {
      const changed = key.slice(0, index) + (key[index] === 'x' ? 'y' : 'x') + key.slice(index + 1);
      const parsed = parseAgentKey(changed);
      expect(parsed === null || parsed.digest !== digest, `at ${index}`).toBe(true);
      expect(parsed, `at ${index}`).toBeNull();
    }
  });

  it('never parses noise, and never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseAgentKey(`vk_agent_${text}`) === null));
  });

  it('draws 256 bits anew each time', () => {
    const made = Array.from({ length: 500 }, () => createAgentKey('bot'));
    expect(new Set(made.map((one) => one.key)).size).toBe(500);
    expect(new Set(made.map((one) => one.digest)).size).toBe(500);
  });
});

describe('an account id', () => {
  it('is the same for the same triple and differs for every other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.string(), fc.string()), { minLength: 2, maxLength: 20 }),
        (triples) => {
          const ids = new Map<string, string>();
          for (const triple of triples) {
            const id = accountId(...triple);
            expect(id).toMatch(/^ca_g[a-z2-7]{26}$/);
            const key = JSON.stringify(triple);
            expect(ids.get(id) ?? key).toBe(key);
            ids.set(id, key);
          }
        },
      ),
    );
  });

  it('does not let a border between the parts move', () => {
    expect(accountId('a', 'bc', 'd')).not.toBe(accountId('ab', 'c', 'd'));
    expect(accountId('', 'x', 'y')).not.toBe(accountId('x', '', 'y'));
  });
});

describe('a secret', () => {
  it('cannot print itself', () => {
    const secret = new Secret('canary-value');
    const texts = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret, { showHidden: true, depth: 9 }),
    ];
    for (const text of texts) expect(text).not.toContain('canary');
    expect(Object.values(secret)).toEqual([]);
    expect(secret.reveal()).toBe('canary-value');
  });
});

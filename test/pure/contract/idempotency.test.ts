/** What a repeated answer leaves out, and when two bodies are the same request. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBody, withoutSecrets } from '#contract/idempotency.ts';

const AGENT_KEY = `vk_agent_crm-agent_${'a'.repeat(59)}`;

describe('an answer that is kept', () => {
  it('has null where something is shown once, and no field that was not there', () => {
    expect(withoutSecrets('POST /v1/agents', { id: 'a', key: AGENT_KEY })).toEqual({ id: 'a', key: null });
    expect(withoutSecrets('POST /v1/agents', { id: 'a' })).toEqual({ id: 'a' });
    const link = { url: 'https://broker.test/connect/x', session_id: 'cs_1' };
    expect(withoutSecrets('POST /v1/connected-accounts/{id}/connect-link', link)).toEqual({
      url: null,
      session_id: 'cs_1',
    });
    expect(withoutSecrets('POST /v1/webhook-endpoints', { url: 'https://a.example', secret: 'x' })).toEqual({
      url: 'https://a.example',
      secret: null,
    });
  });

  it('holds no key and no signing secret of ours in any other field either', () => {
    const planted = { a: [{ b: `see ${AGENT_KEY}` }, `whsec_${'A'.repeat(44)}`], c: 'plain', d: 7 };
    expect(withoutSecrets('POST /v1/connections', planted)).toEqual({
      a: [{ b: null }, null],
      c: 'plain',
      d: 7,
    });
  });
});

describe('two bodies', () => {
  it('are the same request when they say the same, in whatever order and with whatever space', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const reversed = Object.fromEntries(Object.entries(body).toReversed());
        expect(canonicalBody(JSON.stringify(reversed, null, 2))).toBe(canonicalBody(JSON.stringify(body)));
      }),
    );
  });

  it('are two requests when a value, a name or the order of a list differs', () => {
    const bodies = [
      '{"a":1}',
      '{"a":"1"}',
      '{"b":1}',
      '{"a":[1,2]}',
      '{"a":[2,1]}',
      '{"a":{"b":1}}',
      '{"a":1,"b":1}',
    ];
    expect(new Set(bodies.map(canonicalBody)).size).toBe(bodies.length);
    expect(canonicalBody('{"__proto__":1}')).not.toBe(canonicalBody('{"__proto__":2}'));
    expect(canonicalBody('not JSON')).toBe('not JSON');
  });
});

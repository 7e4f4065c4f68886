import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { Secret } from '#crypto/secret.ts';
import { createWebhookSecret, webhookSignature } from '#crypto/webhook-secret.ts';
import { accountEventData, eventBody } from '#webhooks/event.ts';
import { signedHeaders } from '#webhooks/signature.ts';
import { ACCOUNT, NOW } from './given.ts';

/** Receivers refuse an old timestamp, and their clock is the real one. */
const nowS = () => Math.floor(Date.now() / 1_000);
const ID = 'evt_4nB2xQ9ZkTa81LmPqRs0wV';
const BODY = eventBody({
  type: 'agent.auth.succeeded',
  atMs: NOW,
  data: accountEventData(ACCOUNT, 7, { type: 'agent.auth.succeeded', reconnected: true }),
});
const BASE62 = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
const anyId = fc
  .array(fc.constantFrom(...BASE62), { minLength: 22, maxLength: 22 })
  .map((chars) => `evt_${chars.join('')}`);
const anyBody = fc
  .record({ type: fc.string(), data: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })) })
  .map((value) => JSON.stringify(value));

function signed(secrets: string[], id = ID, timestampS = nowS(), body = BODY): Record<string, string> {
  return { ...signedHeaders({ id, timestampS, body, secrets: secrets.map((text) => new Secret(text)) }) };
}

const accepts = (secret: string, body: string | Buffer, headers: Record<string, string>) => {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch (error) {
    expect(String(error)).toContain('No matching signature found');
    return false;
  }
};

describe('the standardwebhooks library', () => {
  it('verifies what is signed, and reads the event', () => {
    const secret = createWebhookSecret();
    expect(new Webhook(secret).verify(BODY, signed([secret]))).toEqual(JSON.parse(BODY));
  });

  it('verifies any body under either of two secrets, and under no third', () => {
    const [newer, older, other] = [createWebhookSecret(), createWebhookSecret(), createWebhookSecret()];
    fc.assert(
      fc.property(anyId, anyBody, (id, body) => {
        const headers = signed([newer, older], id, nowS(), body);
        expect(accepts(newer, body, headers)).toBe(true);
        expect(accepts(older, body, headers)).toBe(true);
        expect(accepts(other, body, headers)).toBe(false);
        expect(accepts(older, body, signed([newer], id, nowS(), body))).toBe(false);
      }),
    );
  });

  it('refuses the body after a change of any one bit', () => {
    const secret = createWebhookSecret();
    fc.assert(
      fc.property(anyBody, fc.nat(), fc.nat(7), (body, at, bit) => {
        const bytes = Buffer.from(body);
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        expect(accepts(secret, bytes, signed([secret], ID, nowS(), body))).toBe(false);
      }),
    );
  });

  it('refuses another id', () => {
    const secret = createWebhookSecret();
    fc.assert(
      fc.property(anyId, fc.nat(), (id, at) => {
        const place = at % id.length;
        const changed = id.slice(0, place) + (id[place] === 'x' ? 'y' : 'x') + id.slice(place + 1);
        expect(accepts(secret, BODY, { ...signed([secret], id), 'webhook-id': changed })).toBe(false);
      }),
    );
  });

  it('refuses another second', () => {
    const secret = createWebhookSecret();
    const headers = signed([secret]);
    for (const byS of [-1, 1, 100]) {
      const changed = String(Number(headers['webhook-timestamp']) + byS);
      expect(accepts(secret, BODY, { ...headers, 'webhook-timestamp': changed })).toBe(false);
    }
  });
});

describe('the headers of an attempt', () => {
  it('carry one signature per secret, the newest first', () => {
    const [newer, older] = [createWebhookSecret(), createWebhookSecret()];
    const timestampS = nowS();
    const both = signed([newer, older], ID, timestampS)['webhook-signature'];
    expect(both?.split(' ')).toEqual(
      [newer, older].map((secret) => signed([secret], ID, timestampS)['webhook-signature']),
    );
  });

  it('sign every attempt anew, with the same id', () => {
    const secret = createWebhookSecret();
    const [first, second] = [signed([secret], ID, nowS()), signed([secret], ID, nowS() + 5)];
    expect(second['webhook-id']).toBe(first['webhook-id']);
    expect(second['webhook-signature']).not.toBe(first['webhook-signature']);
  });

  it('are never made without a secret', () => {
    expect(() => signed([])).toThrow('internal');
  });
});

describe('a signature', () => {
  // The example that the specification's own libraries are tested with.
  it('is that of the published example', () => {
    const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(
      webhookSignature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is refused for an id in which a border could move, and for a time that is not whole seconds', () => {
    const secret = new Secret(createWebhookSecret());
    for (const id of ['', 'evt_1.5', 'evt 1', 'evt_1\n'])
      expect(() => webhookSignature(secret, id, 5, '{}')).toThrow('internal');
    for (const timestampS of [1.5, NaN, Infinity])
      expect(() => webhookSignature(secret, ID, timestampS, '{}')).toThrow('internal');
  });

  it('is refused under what is no secret, whose text stays out of the error', () => {
    const short = `whsec_${Buffer.alloc(16, 7).toString('base64')}`;
    for (const text of ['', 'whsec_', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_not base64', short]) {
      const sign = () => webhookSignature(new Secret(text), ID, 5, '{}');
      expect(sign).toThrow('internal: this is no webhook secret');
      if (text.length > 6) expect(sign).not.toThrow(text.slice(6));
    }
  });
});

it('a secret is whsec_ and 256 bits, drawn anew each time', () => {
  const made = Array.from({ length: 300 }, () => createWebhookSecret());
  expect(new Set(made).size).toBe(300);
  for (const secret of made) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
  }
});

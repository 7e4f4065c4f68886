/** Which secrets of the deployment a credential may name, and what is read of them. */

import { describe, expect, it } from 'vitest';
import { configOf } from '#env.ts';

const binding = (name: string) => ({ [name]: () => undefined });
const deployment = (secrets: Record<string, unknown>) =>
  configOf({
    ACCOUNTS: binding('getByName'),
    AGENTS: binding('getByName'),
    REVOCATIONS: binding('getByName'),
    DB: binding('prepare'),
    ADMIN_KEY: 'the-admin-key-0123456789abcdef0123',
    MASTER_KEYS: 'k1:secret',
    ...secrets,
  });

describe('a secret of the deployment', () => {
  it('is read by its name, of the Worker or of a store, without the line break that a shell leaves', async () => {
    const store = { get: async () => 'of-the-store\n' };
    const { secretAt } = deployment({ CREDENTIAL_A: ' of-the-worker\n', CREDENTIAL_B: store });
    expect(await secretAt('env:CREDENTIAL_A')).toBe('of-the-worker');
    expect(await secretAt('secrets-store:CREDENTIAL_B')).toBe('of-the-store');
  });

  it('is of the kind that is named', async () => {
    const store = { get: async () => 'of-the-store' };
    const { secretAt } = deployment({ CREDENTIAL_A: 'of-the-worker', CREDENTIAL_B: store });
    expect(await secretAt('secrets-store:CREDENTIAL_A')).toBeNull();
    expect(await secretAt('env:CREDENTIAL_B')).toBeNull();
  });

  it('is none where it is missing, empty, no text, or in a store that is away', async () => {
    const away = { get: () => Promise.reject(new Error('away')) };
    const { secretAt } = deployment({
      CREDENTIAL_EMPTY: '  ',
      CREDENTIAL_NUMBER: 42,
      CREDENTIAL_AWAY: away,
      CREDENTIAL_ODD: { get: 'no function' },
    });
    for (const name of ['MISSING', 'EMPTY', 'NUMBER'])
      expect(await secretAt(`env:CREDENTIAL_${name}`)).toBeNull();
    for (const name of ['MISSING', 'AWAY', 'ODD'])
      expect(await secretAt(`secrets-store:CREDENTIAL_${name}`)).toBeNull();
  });

  it('is read anew each time', async () => {
    let value = 'one';
    const { secretAt } = deployment({ CREDENTIAL_A: { get: async () => value } });
    expect(await secretAt('secrets-store:CREDENTIAL_A')).toBe('one');
    value = 'two';
    expect(await secretAt('secrets-store:CREDENTIAL_A')).toBe('two');
  });

  it('is never one of the broker’s own, however it is named', async () => {
    const { secretAt } = deployment({ BASE_URL: 'https://broker.example' });
    const own = ['ADMIN_KEY', 'MASTER_KEYS', 'BASE_URL', 'DB', '__proto__', 'constructor'];
    const noise = ['', 'CREDENTIAL_', ' ', '/../', '\n', '%41'];
    for (const kind of ['env:', 'secrets-store:', 'ENV:', ''])
      for (const before of noise)
        for (const secret of own)
          for (const after of noise) expect(await secretAt(`${kind}${before}${secret}${after}`)).toBeNull();
  });
});

/** Which life a vault opens, as lives end and begin under keys that have been open before. */

import { expect, it } from 'vitest';
import { accountOwner } from '#crypto/places.ts';
import type { KeyMaterial } from '#objects/store.ts';
import { Vault } from '#objects/vault.ts';

const MASTER_KEYS = `k1:${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const ownerOf = (incarnation: number) => accountOwner('ca_gaaaaaaaaaaaaaaaaaaaaaaaaaa', '', incarnation);

async function world() {
  let material: KeyMaterial | null = null;
  const vault = new Vault({ material: () => material }, MASTER_KEYS);
  const made = await vault.keyForNewLife(ownerOf(2), null);
  if (!made.ok) throw new Error(made.error.code);
  const dataKey = made.value.wrapped;
  const become = (living: boolean) => {
    material = { living, owner: ownerOf(2), dataKey };
  };
  return { vault, become };
}

it("a life that begins under its tombstone's key is open, also where that key was opened for the tombstone", async () => {
  const { vault, become } = await world();
  become(false);
  expect(vault.ready()).toBeNull();
  expect((await vault.heir()).ok).toBe(true);
  expect(vault.ready()).toBeNull();
  become(true);
  expect(vault.ready()).not.toBeNull();
  expect(await vault.heir()).toEqual({ ok: true, value: null });
  const entered = await vault.enter((life) => life?.living);
  expect(entered).toEqual({ ok: true, value: true });
});

it('a life that ends under a key that is open is not open any more', async () => {
  const { vault, become } = await world();
  become(true);
  expect((await vault.open()).ok).toBe(true);
  expect(vault.ready()).not.toBeNull();
  become(false);
  expect(vault.ready()).toBeNull();
  expect(await vault.open()).toEqual({ ok: true, value: null });
  expect(await vault.enter((life) => life?.living)).toEqual({ ok: true, value: false });
});

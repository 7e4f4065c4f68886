/**
 * Data at rest: AES-256-GCM under a data key per owner, which a master key wraps.
 * Every ciphertext is bound to its place (kind, owner, incarnation, field, generation, key id), so that a value
 * moved to another account, field or generation does not open. There is no plaintext fallback of any kind.
 */

import { hkdfSync } from 'node:crypto';
import { err, ok, type Result } from '#lib/result.ts';
import { fromBase64Url, lengthPrefixed, toBase64Url } from './encoding.ts';
import { vaultLocked, type Keyring, type VaultLocked } from './keyring.ts';

const FORMAT = 1;
const NONCE_BYTES = 12;

/** Where a ciphertext belongs. `generation` is 0 for what has none. */
export interface Place {
  readonly kind: 'account' | 'agent' | 'revocation' | 'connection' | 'webhook' | 'control';
  readonly owner: string;
  readonly organization: string;
  readonly incarnation: number;
  readonly field: string;
  readonly generation: number;
}

/** Whose data key: everything of `Place` that does not change within one life of the owner. */
export type Owner = Pick<Place, 'kind' | 'owner' | 'organization' | 'incarnation'>;

/** An opened data key. `aes` cannot be exported; `mac` is raw because rows and audit are authenticated synchronously. */
export interface DataKey {
  readonly aes: CryptoKey;
  readonly mac: Uint8Array;
}

/** The ciphertext was changed, cut, moved or belongs to another generation. The stored bytes are left as they are. */
export interface RecordCorrupt {
  readonly code: 'record_corrupt';
  readonly detail: string;
}

function corrupt(detail: string): RecordCorrupt {
  return { code: 'record_corrupt', detail };
}

function associatedData(place: Place, kid: string): Uint8Array<ArrayBuffer> {
  const { kind, owner, organization, incarnation, field, generation } = place;
  return new Uint8Array(
    lengthPrefixed([FORMAT, kind, owner, organization, incarnation, field, generation, kid]),
  );
}

async function seal(
  key: CryptoKey,
  aad: Uint8Array<ArrayBuffer>,
  plain: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const out = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, plain);
  return `${toBase64Url(nonce)}.${toBase64Url(new Uint8Array(out))}`;
}

async function open(
  key: CryptoKey,
  aad: Uint8Array<ArrayBuffer>,
  nonceText: string | undefined,
  bodyText: string | undefined,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const nonce = fromBase64Url(nonceText ?? '');
  const body = fromBase64Url(bodyText ?? '');
  if (nonce === null || body === null || nonce.length !== NONCE_BYTES) return null;
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, body),
    );
  } catch {
    return null;
  }
}

/** Encrypts `text` for `place`: `e1.<nonce>.<ciphertext and tag>`. */
export async function encryptText(key: DataKey, place: Place, text: string): Promise<string> {
  const plain = new Uint8Array(new TextEncoder().encode(text));
  return `e${FORMAT}.${await seal(key.aes, associatedData(place, 'data'), plain)}`;
}

/** The text, or `record_corrupt` for anything but exactly what was encrypted for exactly this place. */
export async function decryptText(
  key: DataKey,
  place: Place,
  stored: string,
): Promise<Result<string, RecordCorrupt>> {
  const [format, nonce, body, extra] = stored.split('.');
  if (format !== `e${FORMAT}` || extra !== undefined) return err(corrupt(`${place.field}: unknown format`));
  const plain = await open(key.aes, associatedData(place, 'data'), nonce, body);
  if (plain === null) return err(corrupt(`${place.field}: does not open`));
  return ok(new TextDecoder().decode(plain));
}

/** HKDF-SHA-256 (RFC 5869) without a salt. */
const derived = (raw: Uint8Array, info: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync('sha256', raw, NO_SALT, info, 32));

const NO_SALT = new Uint8Array(0);

async function derive(raw: Uint8Array<ArrayBuffer>): Promise<DataKey> {
  const bytes = derived(raw, 'valetkey data v1');
  const aes = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  bytes.fill(0);
  return { aes, mac: derived(raw, 'valetkey mac v1') };
}

function wrapPlace(owner: Owner): Place {
  return { ...owner, field: 'data_key', generation: 0 };
}

/** Draws a data key and wraps it under the ring's current master key: `k1.<kid>.<check>.<nonce>.<ciphertext>`. */
export async function createDataKey(ring: Keyring, owner: Owner): Promise<{ wrapped: string; key: DataKey }> {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const { kid, check, key: master } = ring.current;
  const sealed = await seal(master, associatedData(wrapPlace(owner), kid), raw);
  const key = await derive(raw);
  raw.fill(0);
  return { wrapped: `k${FORMAT}.${kid}.${check}.${sealed}`, key };
}

/** The master key that a wrapped data key names; null for what is none. It proves nothing. */
export function kidOf(wrapped: string): string | null {
  const [format, kid] = wrapped.split('.');
  return format === `k${FORMAT}` ? (kid ?? null) : null;
}

/**
 * Opens a wrapped data key. The key-check value tells a wrong ring (`vault_locked`: nothing is lost, put the key back)
 * from a changed row (`record_corrupt`).
 */
export async function openDataKey(
  ring: Keyring,
  owner: Owner,
  wrapped: string,
): Promise<Result<DataKey, VaultLocked | RecordCorrupt>> {
  const [format, kid, check, nonce, body, extra] = wrapped.split('.');
  if (format !== `k${FORMAT}` || kid === undefined || extra !== undefined) {
    return err(corrupt('data_key: unknown format'));
  }
  const master = ring.byKid.get(kid);
  if (master === undefined) {
    return err(
      vaultLocked(
        `this data was encrypted with the master key "${kid.slice(0, 16)}", which MASTER_KEYS does not hold`,
      ),
    );
  }
  if (master.check !== check) {
    return err(
      vaultLocked(
        `the master key "${kid}" is not the one that this data was encrypted with: put the right key back`,
      ),
    );
  }
  const raw = await open(master.key, associatedData(wrapPlace(owner), kid), nonce, body);
  if (raw === null || raw.length !== 32) return err(corrupt('data_key: does not open'));
  const key = await derive(raw);
  raw.fill(0);
  return ok(key);
}

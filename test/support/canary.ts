/**
 * Canaries: secrets that can be recognised anywhere, in any usual encoding, and the hunter that looks for them in texts,
 * bytes and whole folders. It knows nothing of the broker; a test says what may hold which secret.
 */

import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** One place where a secret was seen. The secret itself is not repeated, so that a failing test prints none. */
export interface Sighting {
  readonly canary: string;
  readonly form: string;
  readonly where: string;
}

interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Shorter pieces would be found by chance. */
const SHORTEST = 12;

/**
 * The part of the base64 of `secret` that stays the same whatever stands before and after it, at one of the three places
 * that it can have in a longer text.
 */
function base64At(secret: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString(encoding)
    .replace(/=+$/, '');
  const from = Math.ceil((offset * 8) / 6);
  const to = Math.floor(((offset + secret.length) * 8) / 6);
  return text.slice(from, to);
}

/** Every spelling in which a secret could lie about. */
function formsOf(secret: string | Buffer): Form[] {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret;
  const texts: [string, string][] = [
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ['reversed hex', Buffer.from(bytes).reverse().toString('hex')],
  ];
  for (const offset of [0, 1, 2]) {
    texts.push([`base64 at ${offset}`, base64At(bytes, offset, 'base64')]);
    texts.push([`base64url at ${offset}`, base64At(bytes, offset, 'base64url')]);
  }
  if (typeof secret === 'string') {
    const reversed = [...secret].toReversed().join('');
    texts.push(
      ['plain', secret],
      ['reversed', reversed],
      ['URL-encoded', encodeURIComponent(secret)],
      ['form-encoded', new URLSearchParams({ v: secret }).toString().slice(2)],
      ['twice URL-encoded', encodeURIComponent(encodeURIComponent(secret))],
      ['JSON-escaped', JSON.stringify(secret).slice(1, -1)],
      ['twice JSON-escaped', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
      ['reversed JSON-escaped', JSON.stringify(reversed).slice(1, -1)],
      ['HTML-escaped', secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
      ['upper case', secret.toUpperCase()],
      ['lower case', secret.toLowerCase()],
    );
  }
  const forms = texts.map(([name, text]): Form => ({ name, bytes: Buffer.from(text, 'utf8') }));
  forms.push({ name: 'raw bytes', bytes });
  forms.push({ name: 'UTF-16', bytes: Buffer.from(bytes.toString('latin1'), 'utf16le') });
  const seen = new Set<string>();
  return forms.filter((form) => {
    const key = form.bytes.toString('latin1');
    if (form.bytes.length < SHORTEST || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export class Canaries {
  readonly #planted = new Map<string, { secret: string; forms: Form[] }>();

  /**
   * A fresh secret of 40 visible characters, none of which an encoding leaves alone altogether: it is neither a name, an
   * id nor a correlation id of anything.
   */
  make(name: string): string {
    return this.plant(
      name,
      `${randomBytes(12).toString('hex')}~+/"%${randomBytes(9).toString('base64url')}=`,
    );
  }

  /** As `make`, of letters and digits alone, for where nothing else is accepted. */
  makePlain(name: string): string {
    return this.plant(name, `Cn${randomBytes(21).toString('hex')}`);
  }

  /** Watches for a secret that came from elsewhere. */
  plant(name: string, secret: string): string {
    this.#planted.set(name, { secret, forms: formsOf(secret) });
    return secret;
  }

  /** Watches for bytes, e.g. those that a base64 text stands for. */
  plantBytes(name: string, secret: Buffer): void {
    this.#planted.set(name, { secret: secret.toString('latin1'), forms: formsOf(secret) });
  }

  get names(): string[] {
    return [...this.#planted.keys()];
  }

  /** Where in `content` which secrets stand; `allowed` names those that belong there. */
  hunt(where: string, content: string | Uint8Array, allowed: readonly string[] = []): Sighting[] {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
    const found: Sighting[] = [];
    for (const [canary, { forms }] of this.#planted) {
      if (allowed.includes(canary)) continue;
      for (const form of forms)
        if (bytes.includes(form.bytes)) found.push({ canary, form: form.name, where });
    }
    return found;
  }

  /** The same in the name and the bytes of every file under `folder`, journals and WAL included. */
  async huntFolder(folder: string, allowed: readonly string[] = []): Promise<Sighting[]> {
    const found: Sighting[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const where = path.relative(folder, file);
      found.push(...this.hunt(`the name of ${where}`, where, allowed));
      if (entry.isFile()) found.push(...this.hunt(where, await bytesOf(file), allowed));
    }
    return found;
  }
}

/** A database that goes to sleep takes its helper files along between the listing and the reading: gone is empty. */
async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/**
 * What of an OAuth server outlives it: its client's secret, its signing key, its port, its grants and tokens, in one
 * JSON file for the owner alone. The file is written whole beside itself and renamed, so a kill leaves the old one or
 * the new one. A file that cannot be read is put aside, never written over.
 *
 * An answer leaves once the file has it, so a `kill -9` loses nothing that was told. Time without a server counts for
 * no grace window; sessions of browsers end with it. A server whose port is taken does not start: elsewhere it would be
 * another issuer.
 */

import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { StoreState } from './store.ts';

/** All that a server has to know of the one before it. */
export interface ServerMemory {
  /** A part of the issuer, and so of every connection that names it. */
  readonly port: number;
  readonly clientSecret: string;
  /** Private, P-256. */
  readonly signingKey: JsonWebKey;
  readonly store: StoreState;
}

export interface OAuthMemory {
  /** What the server before has left; null: nothing that can be used. */
  readonly kept: ServerMemory | null;
  /** Why a file that is there is not used, and where it is now; null: it is used, or there was none. */
  readonly problem: string | null;
  /** Says what is to be written; until then nothing is. */
  holds(now: () => ServerMemory): void;
  /** Something is different; it will be written soon. */
  changed(): void;
  /** Resolves when every change so far is in the file, or could not be written, which was said. */
  settled(): Promise<void>;
}

const FORMAT = 'valetkey development OAuth server, 1';
/** For the owner alone. */
const MODE = 0o600;

const Payload = z.record(z.string(), z.unknown());
const History = z.object({
  grantId: z.string(),
  clientId: z.string(),
  usedAtMs: z.number().nullable(),
  answer: z.object({ status: z.number(), body: Payload }).nullable(),
});
const SigningKey = z
  .object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() })
  .refine(isPrivateKey);
const MemoryFile = z.object({
  format: z.literal(FORMAT),
  saved_at_ms: z.number(),
  port: z.number().int().min(1).max(65_535),
  client_secret: z.string().min(16),
  signing_key: SigningKey,
  rows: z.array(z.tuple([z.string().regex(/^\w+:./), Payload, z.number().nullable()])),
  histories: z.array(z.tuple([z.string(), History])),
});

function isPrivateKey(key: JsonWebKey): boolean {
  try {
    return createPrivateKey({ key, format: 'jwk' }).type === 'private';
  } catch {
    return false;
  }
}

/** Whether a client or user knows the server it is of: by a grant, or as a client with a redirect URI of its own. */
export function isNamed({ store }: ServerMemory): boolean {
  return store.rows.some(
    ([key, { redirect_uris: uris }]) => key.startsWith('Grant:') || (Array.isArray(uris) && uris.length > 1),
  );
}

/** @param report gets one line, once, where the file cannot be written */
export async function openMemory(file: string, report: (line: string) => void): Promise<OAuthMemory> {
  const { kept, problem, mayWrite } = await readMemory(file);
  let now: (() => ServerMemory) | null = null;
  let isDirty = false;
  let hasFailed = false;
  let writing: Promise<void> | null = null;

  async function writeAll(): Promise<void> {
    // Changes of one request come together, and are one write.
    await nextTurn();
    while (isDirty && now !== null) {
      isDirty = false;
      try {
        await write(file, textOf(now()));
      } catch (error) {
        if (!hasFailed)
          report(`${file} cannot be written (${codeOf(error)}): what is connected now ends with this run`);
        hasFailed = true;
      }
    }
    // In the turn of the last look: a change after it finds no write under way, and starts one.
    writing = null;
  }

  return {
    kept,
    problem,
    holds: (source) => {
      if (mayWrite) now = source;
    },
    changed: () => {
      if (now === null) return;
      isDirty = true;
      writing ??= writeAll();
    },
    settled: async () => {
      await writing;
    },
  };
}

interface Read extends Pick<OAuthMemory, 'kept' | 'problem'> {
  /** False: something that is not ours stands there, and stays. */
  readonly mayWrite: boolean;
}

async function readMemory(file: string): Promise<Read> {
  let why: string;
  try {
    const read = MemoryFile.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (read.success) return { kept: memoryOf(read.data), problem: null, mayWrite: true };
    why = 'it is not of this kind or version';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kept: null, problem: null, mayWrite: true };
    why = error instanceof SyntaxError ? 'it is no JSON' : codeOf(error);
  }
  const aside = `${file}.unreadable`;
  try {
    await rm(aside, { recursive: true, force: true });
    await rename(file, aside);
    return { kept: null, problem: `${why}; it is now ${path.basename(aside)}`, mayWrite: true };
  } catch (error) {
    const problem = `${why}, nor put aside (${codeOf(error)}): what is connected now ends with this run`;
    return { kept: null, problem, mayWrite: false };
  }
}

/** The time in which there was no server counts for no grace window: no client could have asked again. */
function memoryOf(read: z.infer<typeof MemoryFile>): ServerMemory {
  const awayMs = Math.max(0, Date.now() - read.saved_at_ms);
  const histories = read.histories.map(([token, history]) => {
    const usedAtMs = history.usedAtMs === null ? null : history.usedAtMs + awayMs;
    return [token, { ...history, usedAtMs }] as const;
  });
  return {
    port: read.port,
    clientSecret: read.client_secret,
    signingKey: read.signing_key,
    store: { rows: read.rows, histories },
  };
}

function textOf({ port, clientSecret, signingKey, store }: ServerMemory): string {
  const written = {
    format: FORMAT,
    saved_at_ms: Date.now(),
    port,
    client_secret: clientSecret,
    signing_key: signingKey,
    ...store,
  };
  return `${JSON.stringify(written)}\n`;
}

async function write(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  await mkdir(path.dirname(file), { recursive: true });
  // Made anew, so that its mode is ours, also after a kill has left a file.
  await rm(next, { force: true });
  await writeFile(next, text, { mode: MODE, flag: 'wx' });
  await rename(next, file);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/**
 * How an answer of the token endpoint leaves, and what a fault makes of it on the way. It knows HTTP and
 * sockets, and nothing of OAuth.
 */

import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { STATUS_CODES } from 'node:http';
import type { Fault } from './faults.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Null stands for no answer of the provider: the request was not processed. */
  json: Record<string, unknown> | null;
}

interface Wire {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Longer timers fire at once in Node. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits, or until the server closes; never throws. */
export async function pause(ms: number | undefined, closing: AbortSignal): Promise<void> {
  if (ms === undefined || ms <= 0) return;
  await sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal: closing, ref: false }).catch(() => {});
}

/**
 * The answer as it goes over the wire: the provider's own with the fault applied. Pure, but for the fault's own code.
 */
export function disguise(answer: Answer | null, fault: Fault): Wire {
  const status = fault.status ?? (fault.html ? 403 : (answer?.status ?? 200));
  const headers: Record<string, string> = { ...answer?.headers };
  let body: unknown = answer?.json ?? undefined;
  if (answer?.json && fault.transform) body = fault.transform(answer.json);
  headers['content-type'] = 'application/json; charset=utf-8';
  if (fault.html) {
    const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`;
    body = `<!doctype html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><hr>gateway</body></html>\n`;
    headers['content-type'] = 'text/html; charset=utf-8';
  }
  if (fault.body !== undefined) body = fault.body;
  if (body === undefined) {
    body = `${STATUS_CODES[status] ?? status}\n`;
    headers['content-type'] = 'text/plain; charset=utf-8';
  }
  if (fault.contentType !== undefined) headers['content-type'] = fault.contentType;
  for (const [name, value] of Object.entries(fault.headers ?? {})) headers[name.toLowerCase()] = value;
  return { status, headers, body: toBytes(body) };
}

function toBytes(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Buffer.from(JSON.stringify(body) ?? 'null', 'utf8');
}

/** Ends the connection without another byte. */
export function drop(res: ServerResponse): void {
  res.socket?.destroy();
}

/**
 * Sends. Resolves with true when the message was complete as HTTP and handed to the system, with false when
 * the fault cut it or the client was gone.
 */
export async function send(
  res: ServerResponse,
  wire: Wire,
  fault: Fault,
  closing: AbortSignal,
): Promise<boolean> {
  const { socket } = res;
  if (res.destroyed || socket === null || socket.destroyed) return false;
  const cutAt = Math.min(fault.truncateAtByte ?? Infinity, wire.body.length);
  const part = wire.body.subarray(0, cutAt);
  const whole = fault.truncateClean === true || part.length === wire.body.length;
  const promised = fault.truncateClean ? part.length : wire.body.length;
  res.writeHead(wire.status, { ...wire.headers, 'content-length': promised });

  if (fault.dripMs === undefined) {
    res.write(part);
  } else {
    res.flushHeaders();
    for (const byte of part) {
      await pause(fault.dripMs, closing);
      if (socket.destroyed) return false;
      res.write(Uint8Array.of(byte));
    }
  }
  if (!whole) {
    // Lets what was written reach the client, then closes: a premature end, not a reset that eats the bytes.
    socket.destroySoon();
    return false;
  }
  return await new Promise((resolve) => {
    res.once('close', () => resolve(res.writableFinished));
    res.end(() => resolve(true));
  });
}

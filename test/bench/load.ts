/** A small HTTP/1.1 load: keep-alive sockets, one request at a time on each, so that the client costs little beside the server. */

import { connect, type Socket } from 'node:net';

export interface Measured {
  readonly served: number;
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly failures: number;
}

export interface Target {
  readonly port: number;
  /** Request `n` of the run. */
  path(n: number): string;
  readonly key: string | null;
}

/** One answer off a socket: resolves with the status when the whole body has arrived. */
class Line {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #done: ((status: number) => void) | null = null;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', () => this.#finish(0));
    this.#socket.on('close', () => this.#finish(0));
  }

  send(path: string, key: string | null): Promise<number> {
    return new Promise((resolve) => {
      this.#done = resolve;
      const auth = key === null ? '' : `Authorization: Bearer ${key}\r\n`;
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const head = this.#buffer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const text = this.#buffer.toString('latin1', 0, head);
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
    const end = Number.isNaN(length) ? this.#chunkedEnd(head + 4) : head + 4 + length;
    if (end === null || this.#buffer.length < end) return;
    this.#buffer = this.#buffer.subarray(end);
    this.#finish(Number(text.slice(9, 12)));
  }

  #chunkedEnd(start: number): number | null {
    const end = this.#buffer.indexOf('0\r\n\r\n', start);
    return end < 0 ? null : end + 5;
  }

  #finish(status: number): void {
    const done = this.#done;
    this.#done = null;
    done?.(status);
  }
}

/** Sends for `durationMs` over `connections` sockets. */
export async function load(target: Target, connections: number, durationMs: number): Promise<Measured> {
  const lines = Array.from({ length: connections }, () => new Line(target.port));
  const times: number[] = [];
  let failures = 0;
  let count = 0;
  const start = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      while (performance.now() - start < durationMs) {
        const before = performance.now();
        const status = await line.send(target.path(count++), target.key);
        if (status === 200) times.push(performance.now() - before);
        else {
          failures += 1;
          if (status === 0) return;
        }
      }
    }),
  );
  const tookS = (performance.now() - start) / 1000;
  for (const line of lines) line.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    served: times.length,
    perSecond: times.length / tookS,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    failures,
  };
}

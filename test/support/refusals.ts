/** What every refusal of the broker looks like, whatever was refused: asked of each answer by the tests of bad input. */

import { expect } from 'vitest';
import type { Reply } from './callers.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Traces of the inside: stack frames, files, statements, other people's words. */
const INTERNALS = /\bat \S+ \(|\.ts:\d|\/src\/|node_modules|SQLITE|D1_|sqlite|ZodError|\[object/;

export interface Expected {
  readonly status: number;
  readonly code: string;
  /** One of the paths that `errors` must name. */
  readonly path?: string;
}

/** Fails unless `reply` is that refusal, whole and clean. `what` says which request it was. */
export function expectRefusal(reply: Reply, expected: Expected, what = ''): void {
  const context = `${what} → ${reply.status} ${reply.text.slice(0, 300)}`;
  expect(reply.status, context).toBe(expected.status);
  expect(reply.headers['content-type'], context).toBe('application/problem+json');
  expect(reply.headers['cache-control'], context).toBe('no-store');
  expect(reply.headers['x-correlation-id'], context).toMatch(UUID);
  expect(reply.body, context).toMatchObject({
    type: `urn:valetkey:problem:${expected.code}`,
    title: expect.any(String),
    status: expected.status,
    code: expected.code,
    detail: expect.any(String),
    correlation_id: reply.headers['x-correlation-id'],
  });
  expect(reply.text, context).not.toMatch(INTERNALS);
  if (expected.status === 401) expect(reply.headers['www-authenticate'], context).toMatch(/^Bearer/);
  if (expected.path === undefined) return;
  const errors: { path: string; message: string }[] = reply.body.errors ?? [];
  expect(
    errors.map(({ path }) => path),
    context,
  ).toContain(expected.path);
  for (const { message } of errors) expect(message, context).toMatch(/\S/);
}

/** `invalid_request` that names the field. */
export function expectInvalid(reply: Reply, path: string, what = ''): void {
  expectRefusal(reply, { status: 400, code: 'invalid_request', path }, what);
}

/** Texts that no identifier may be: refused, never repaired. The one with half a surrogate pair fits no URL. */
export const BAD_IDENTIFIERS = [
  '',
  ' a',
  'a ',
  'a\tb',
  'a\u0000b',
  'a\u200e\n',
  'e\u0301',
  '\ud800',
  'x'.repeat(257),
];

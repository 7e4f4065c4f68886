/** A request to an app, as an operator makes it; every answer is held against what all answers promise. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { createApp } from '#api/app.ts';
import { ProblemDocument } from '#contract/problem.ts';
import { configOf, type Config } from '#env.ts';

export const config: Config = configOf(env);

export interface Call {
  readonly body?: unknown;
  readonly key?: string | null;
  /** In place of the deployment's own. */
  readonly settings?: Record<string, string | undefined>;
}

export interface Answer {
  readonly status: number;
  readonly json: any;
  readonly headers: Headers;
  readonly text: string;
}

export type Caller = (method: string, path: string, call?: Call) => Promise<Answer>;

export function callerOf(app: ReturnType<typeof createApp>): Caller {
  return async (method, path, { body, key = config.adminKey, settings = {} } = {}) => {
    const headers = new Headers(key === null ? {} : { authorization: `Bearer ${key}` });
    if (body !== undefined) headers.set('content-type', 'application/json');
    const request = new Request(`https://broker.test${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const execution = createExecutionContext();
    const answer = await app.fetch(request, { ...(env as object), ...settings }, execution);
    const text = await answer.text();
    await waitOnExecutionContext(execution);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-correlation-id')).toBeTruthy();
    const json = text === '' ? null : JSON.parse(text);
    if (answer.status >= 400) {
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      ProblemDocument.parse(json);
    }
    return { status: answer.status, json, headers: answer.headers, text };
  };
}

/** The refusal's status, code and the paths that it names. */
export function refusal({ status, json }: Answer): unknown[] {
  return [status, json.code, ...(json.errors ?? []).map((error: { path: string }) => error.path)];
}

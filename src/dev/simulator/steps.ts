/**
 * Faults by name: a step of an account's script becomes a fault of the wire. Steps are plain JSON, so that a
 * script can come over HTTP. The words of an answer come from the dialect's vectors.
 */

import type { Fault } from '../oauth/faults.ts';
import type { AnswerBook, AnswerKind } from './answers.ts';

export const STEP_KINDS = [
  'death',
  'client',
  'throttle',
  'transient',
  'error',
  'page',
  'error_200',
  'wrong_type',
  'truncate',
  'drip',
  'huge',
  'drop_before',
  'drop_after',
  'hang',
  'slow',
  'redirect',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** One thing that goes wrong. Fields that a kind does not use are ignored. */
export interface Step {
  readonly kind: StepKind;
  /** How many requests meet it; 1 unless said; null: all, until the script is replaced. */
  readonly times?: number | null;
  /** The answer is what the step says, and the provider did its work all the same (a rotation happened). */
  readonly process?: boolean;
  readonly status?: number;
  /** Of `throttle`: `seconds` or a `date`, or none. */
  readonly retry_after?: 'seconds' | 'date' | 'none';
  readonly seconds?: number;
  /** Of `truncate`: where; with `clean` HTTP itself looks whole. Of `huge`: how much. */
  readonly bytes?: number;
  readonly clean?: boolean;
  /** Of `drip`: between two bytes. Of `slow`: before the answer. */
  readonly ms?: number;
  /** Of `redirect`. */
  readonly location?: string;
}

const DEFAULT_RETRY_AFTER_S = 30;
const DEFAULT_HUGE_BYTES = 8 * 1024 * 1024;
const ELSEWHERE = 'https://elsewhere.example/token';

/** Why `value` is no step, or null. */
export function stepProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a step must be an object';
  const { kind } = value as { kind?: unknown };
  return (STEP_KINDS as readonly unknown[]).includes(kind)
    ? null
    : `kind must be one of ${STEP_KINDS.join(', ')}`;
}

export function faultOf(step: Step, answers: AnswerBook, nowMs: number): Fault {
  const process = step.process === true ? { process: true as const } : {};
  switch (step.kind) {
    case 'death':
    case 'client':
    case 'transient':
      return { ...answerFault(answers, step.kind), ...process };
    case 'throttle':
      return {
        ...answerFault(answers, 'throttle'),
        ...(step.status === undefined ? {} : { status: step.status }),
        ...process,
        headers: retryAfter(step, nowMs),
      };
    case 'error':
      return { status: step.status ?? 500, body: { error: 'server_error' }, ...process };
    case 'page':
      return { html: true, status: step.status ?? 502, ...process };
    case 'error_200':
      return { ...answerFault(answers, 'death'), status: 200, ...process };
    case 'wrong_type':
      return { contentType: 'text/html; charset=utf-8' };
    case 'truncate':
      return { truncateAtByte: step.bytes ?? 20, ...(step.clean === true ? { truncateClean: true } : {}) };
    case 'drip':
      return { dripMs: step.ms ?? 200 };
    case 'huge':
      return {
        status: step.status ?? 200,
        body: Buffer.alloc(step.bytes ?? DEFAULT_HUGE_BYTES, ' '),
        contentType: 'application/json',
        ...process,
      };
    case 'drop_before':
      return { dropBefore: true };
    case 'drop_after':
      return { dropAfter: true };
    case 'hang':
      return { delayBeforeMs: Infinity };
    case 'slow':
      return { delayAfterMs: step.ms ?? 2000 };
    case 'redirect':
      return {
        status: step.status ?? 307,
        headers: { location: step.location ?? ELSEWHERE },
        body: '',
        ...process,
      };
  }
}

function answerFault(answers: AnswerBook, kind: AnswerKind): Fault {
  const { status, headers, body } = answers(kind);
  return { status, body, headers: { ...headers } };
}

function retryAfter(step: Step, nowMs: number): Record<string, string> {
  const seconds = step.seconds ?? DEFAULT_RETRY_AFTER_S;
  switch (step.retry_after ?? 'seconds') {
    case 'none':
      return {};
    case 'seconds':
      return { 'retry-after': String(seconds) };
    case 'date':
      return { 'retry-after': new Date(nowMs + seconds * 1000).toUTCString() };
  }
}

/** A script: steps one after the other, then the last one for ever where it has no end, else nothing. */
export class Script {
  #steps: { step: Step; left: number }[] = [];

  /** Replaces what is left. */
  set(steps: readonly Step[]): void {
    this.#steps = steps.map((step) => ({ step, left: step.times === null ? Infinity : (step.times ?? 1) }));
  }

  take(): Step | null {
    const first = this.#steps[0];
    if (first === undefined) return null;
    first.left -= 1;
    if (first.left <= 0) this.#steps.shift();
    return first.step;
  }
}

/**
 * Results of tool calls under an `Idempotency-Key`, kept for 24 hours so that a repeat calls nobody. They are a user's
 * data, so they are encrypted. The rows are those of `idempotency.ts`.
 */

import { ProblemError } from '#contract/problem.ts';
import { decryptText, encryptText } from '#crypto/envelope.ts';
import { toolResultPlace } from '#crypto/places.ts';
import { forgetRun, keepAnswer, reserve } from '../idempotency.ts';
import { controlKey, type VaultConfig } from '../keys/data-key.ts';

/** D1 takes values of 2 MB. */
const MAX_KEPT_CHARS = 1_000_000;
const RETRY_AFTER_S = 1;

export interface Kept {
  /** JSON. */
  readonly value: string;
  /** A repeat is answered so as well. */
  readonly isKept: boolean;
}

/**
 * Runs `call`, or answers what it has answered before.
 *
 * @throws ProblemError 409 while the first one runs, or where its result was too long to be kept; 422 for another payload
 */
export async function callOnce(
  config: VaultConfig,
  scope: { readonly caller: string; readonly organization: string; readonly key: string },
  payload: string,
  nowMs: number,
  call: () => Promise<Kept>,
): Promise<{ readonly value: string; readonly isReplayed: boolean }> {
  const route = 'POST /v1/tools/{name}/execute';
  const reserved = await reserve(config, { ...scope, route }, payload, nowMs);
  switch (reserved.kind) {
    case 'running':
      throw new ProblemError('conflict', {
        detail: 'the first call under this Idempotency-Key is still running',
        retryAfterS: RETRY_AFTER_S,
      });
    case 'mismatch':
      throw new ProblemError('idempotency_mismatch');
    case 'replay':
      return { value: await opened(config, reserved.answer), isReplayed: true };
    case 'run':
      break;
  }
  let kept: Kept;
  try {
    kept = await call();
  } catch (error) {
    await forgetRun(config.directory, reserved);
    throw error;
  }
  if (!kept.isKept) await forgetRun(config.directory, reserved);
  else {
    const { id } = reserved;
    const key = await controlKey(config);
    const text =
      kept.value.length > MAX_KEPT_CHARS ? '' : await encryptText(key, toolResultPlace(id), kept.value);
    await keepAnswer(config.directory, reserved, 200, `${id} ${text}`);
  }
  return { value: kept.value, isReplayed: false };
}

async function opened(config: VaultConfig, answer: string): Promise<string> {
  const at = answer.indexOf(' ');
  const id = answer.slice(0, at);
  const text = answer.slice(at + 1);
  if (text === '')
    throw new ProblemError('conflict', {
      detail: 'the first call under this Idempotency-Key was made, and its result was too long to be kept',
    });
  const plain = await decryptText(await controlKey(config), toolResultPlace(id), text);
  if (!plain.ok) throw new ProblemError(plain.error.code);
  return plain.value;
}

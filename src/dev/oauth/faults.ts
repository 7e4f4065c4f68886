/**
 * The script of what goes wrong at the token endpoint: which fault the next request meets. It only answers
 * that question; what a fault does to an answer stands in `answer.ts`.
 */

import type { OAuthSettings, TokenCall } from './call.ts';

/**
 * One thing that goes wrong, or several together. A fault that names an answer (`status`, `body`, `html`)
 * keeps the request from being processed, unless `process` or `dropAfter` says otherwise; every other one
 * lets the provider do its work first.
 */
export interface Fault {
  /** Wait before the provider processes anything; `Infinity` hangs until the server closes. */
  delayBeforeMs?: number;
  /** Wait between processing and answering; `Infinity` hangs until the server closes. */
  delayAfterMs?: number;
  /** Wait for this before the provider processes anything: for who acts meanwhile, however long that takes. */
  heldBefore?: Promise<unknown>;
  /** The same between processing and answering. */
  heldAfter?: Promise<unknown>;
  /** Destroy the socket before processing. */
  dropBefore?: true;
  /** Process (a rotation happens), then destroy the socket without a byte of an answer. */
  dropAfter?: true;
  /** Process although the answer is named here, which then replaces the real one. */
  process?: true;
  status?: number;
  /** Added to the answer's headers, replacing those of the same name. */
  headers?: Record<string, string>;
  /** Text and bytes go out as they are, anything else as JSON. */
  body?: unknown;
  contentType?: string;
  /** A gateway's page in text/html, 403 unless `status` says otherwise. */
  html?: true;
  /** Rewrites the JSON of the processed answer. */
  transform?: (json: Record<string, unknown>) => unknown;
  /** Cut the body after so many bytes: the content-length promises all of it and the socket is closed. */
  truncateAtByte?: number;
  /** Makes the cut invisible to HTTP: the content-length is that of what is left. */
  truncateClean?: true;
  /** Wait so long before each byte of the body. */
  dripMs?: number;
  /** Server settings that hold for this one request. */
  settings?: Partial<OAuthSettings>;
}

export type CallPredicate = (call: TokenCall) => boolean;

/** Decides per request at its arrival: the queue of `next` first, then the first matching `when`, then `always`. */
export interface FaultScript {
  /** Queues a fault for the next `times` requests; with `grantId` for those of that grant alone. */
  next(fault: Fault, times?: number, grantId?: string): void;
  /** Every request that nothing else claims meets this one; null ends it. */
  always(fault: Fault | null): void;
  /** Every request that fits meets this one, until `clear` or the function that comes back is called. */
  when(predicate: CallPredicate, fault: Fault): () => void;
  clear(): void;
}

/** A script together with the question that the token endpoint asks it. */
export interface FaultSource extends FaultScript {
  take(call: TokenCall): Fault;
}

export function createFaultScript(): FaultSource {
  let queue: { readonly fault: Fault; readonly grantId: string | null }[] = [];
  let rules: { predicate: CallPredicate; fault: Fault }[] = [];
  let standing: Fault | null = null;
  return {
    next(fault, times = 1, grantId) {
      for (let n = 0; n < times; n += 1) queue.push({ fault, grantId: grantId ?? null });
    },
    always(fault) {
      standing = fault;
    },
    when(predicate, fault) {
      const rule = { predicate, fault };
      rules.push(rule);
      return () => {
        rules = rules.filter((other) => other !== rule);
      };
    },
    clear() {
      queue = [];
      rules = [];
      standing = null;
    },
    take(call) {
      const at = queue.findIndex(({ grantId }) => grantId === null || grantId === call.grantId);
      return (
        queue.splice(at, at < 0 ? 0 : 1)[0]?.fault ??
        rules.find((rule) => rule.predicate(call))?.fault ??
        standing ??
        {}
      );
    },
  };
}

/** Whether the provider does its work before this fault shows. */
export function isProcessed(fault: Fault): boolean {
  if (fault.dropBefore) return false;
  if (fault.process || fault.dropAfter) return true;
  return fault.status === undefined && fault.body === undefined && !fault.html;
}

/**
 * The way through an account's door for one page of a tool. A call that the API seems to have answered well is recorded
 * once its answer has been read and judged: the record says what the tool's caller is told.
 */

import type { CallEnd, Gate, LetOut } from '#proxy/forward.ts';
import type { CallFacts } from '#providers/injection/injection.ts';

export class ToolGate implements Gate {
  readonly #inner: Gate;
  #held: { readonly out: LetOut; readonly end: CallEnd } | null = null;
  #facts: CallFacts | null = null;
  #reason: string | null = null;
  #isUnknown = false;

  constructor(inner: Gate) {
    this.#inner = inner;
  }

  /** Of the account, once it has let the call out. */
  get facts(): CallFacts | null {
    return this.#facts;
  }

  /** Why the last sending failed, as its record says it; null: it did not, or by its status alone. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Something has left, and nobody knows what became of it. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  letOut = async (rejected: string | null): Promise<LetOut> => {
    const out = await this.#inner.letOut(rejected);
    this.#facts = out.facts;
    this.#reason = null;
    this.#isUnknown = false;
    return { ...out, ended: (end) => this.#ended(out, end) };
  };

  mayGoOn = (): Promise<boolean> => this.#inner.mayGoOn();

  waitUntil = (work: Promise<unknown>): void => this.#inner.waitUntil(work);

  /** Records how a held call has ended after all. False: that could not be written. */
  async settle(outcome: CallEnd['outcome'], reason: string | null): Promise<boolean> {
    const held = this.#held;
    this.#held = null;
    return held === null ? true : held.out.ended({ ...held.end, outcome, reason });
  }

  #ended(out: LetOut, end: CallEnd): Promise<boolean> {
    if (end.outcome === 'ok') {
      this.#held = { out, end };
      return Promise.resolve(true);
    }
    this.#held = null;
    this.#reason = end.reason;
    this.#isUnknown = end.outcome === 'unknown';
    return out.ended(end);
  }
}

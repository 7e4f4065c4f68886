/**
 * A call goes on only while its caller may make it: it is asked again every few seconds, from the sending to the last
 * byte of the answer, and broken off at the first no.
 */

/** So that a revocation ends every stream within five seconds. */
const LOOK_EVERY_MS = 2_500;
/** An authority that does not answer is asked once more before its silence counts as a no. */
const MOST_SILENCES = 1;

export class Watch {
  readonly #mayGoOn: () => Promise<boolean>;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silences = 0;
  #isOver = false;
  readonly #caller: AbortSignal;
  readonly #hungUp = (): void => this.cut();
  /** When it is broken off, if ever. */
  readonly stopped: Promise<'stopped'>;

  /** @param caller aborted when the caller hangs up */
  constructor(mayGoOn: () => Promise<boolean>, caller: AbortSignal) {
    this.#mayGoOn = mayGoOn;
    this.#caller = caller;
    this.stopped = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    caller.addEventListener('abort', this.#hungUp, { once: true });
    if (caller.aborted) this.cut();
    else this.#wait();
  }

  /** Aborted as soon as the call may not go on, or its caller has hung up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** There is nobody any more to answer. */
  get isCallerGone(): boolean {
    return this.#caller.aborted;
  }

  /** The call has ended, one way or the other. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#hungUp);
  }

  /** Breaks the call off. */
  cut(): void {
    this.end();
    this.#controller.abort();
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const isAllowed = await this.#asked();
    if (this.#isOver) return;
    if (isAllowed) this.#wait();
    else this.cut();
  }

  async #asked(): Promise<boolean> {
    try {
      const isAllowed = await this.#mayGoOn();
      this.#silences = 0;
      return isAllowed;
    } catch {
      this.#silences += 1;
      return this.#silences <= MOST_SILENCES;
    }
  }
}

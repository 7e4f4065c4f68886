/**
 * Shared commits: the first caller's job commits at once; the jobs that arrive until it is durable share the next
 * commit, from all isolates. A job decides, reads and records inside the flush, so that nothing leaves
 * after a change that came in between. Jobs run in the order of arrival, without an await between them: the platform
 * commits all their writes as one. A job that writes more than its one record does so in a transaction of its own, so
 * that a throw leaves nothing half done.
 *
 * Waiting to hear that a commit is durable costs more than the commit's row. A job that arrives alone does not pay it:
 * the output gate holds each answer until its row is durable, waited for here or not. Only a commit now and then is
 * waited for, to see whether several jobs queue meanwhile; if so, every commit is waited for until they no longer do. A
 * job that queues alone would share its commit with no other.
 */

const MAX_BATCH = 256;
/** While jobs arrive alone, one commit in this number is waited for. */
export const PROBE_EVERY = 16;
/** So many commits in a row behind which at most one caller queued end the waiting. */
export const QUIET_COMMITS = 4;

interface Job<T> {
  readonly run: () => T;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

type Settled = { ok: true; value: unknown } | { ok: false; error: unknown };

export class CommitPump {
  readonly #commit: (fn: () => void) => void;
  readonly #sync: () => Promise<void>;
  #queue: Job<never>[] = [];
  #committing = false;
  /** Commits yet to come before one is waited for; 0: the next one is. */
  #unwatched = PROBE_EVERY - 1;
  /** Commits in a row that were waited for and behind which at most one caller queued. */
  #quiet = QUIET_COMMITS - 1;

  /** `commit` runs a function whose writes become durable together; `sync` resolves when they are. */
  constructor(commit: (fn: () => void) => void, sync: () => Promise<void>) {
    this.#commit = commit;
    this.#sync = sync;
  }

  submit<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const job = { run, resolve, reject } as unknown as Job<never>;
      if (this.#committing) this.#queue.push(job);
      else this.#flush([job]);
    });
  }

  #flush(jobs: readonly Job<never>[]): void {
    this.#committing = true;
    const results: Settled[] = [];
    try {
      this.#commit(() => {
        results.length = 0;
        for (const job of jobs) results.push(attempt(job.run));
      });
    } catch (error) {
      results.length = 0;
      for (const _ of jobs) results.push({ ok: false, error });
    }
    jobs.forEach((job, index) => {
      const result = results[index];
      if (result?.ok) job.resolve(result.value as never);
      else job.reject(result?.error);
    });
    if (this.#unwatched > 0) {
      this.#unwatched -= 1;
      this.#committing = false;
      return;
    }
    void this.#sync()
      .catch(() => undefined)
      .then(() => this.#next());
  }

  #next(): void {
    this.#committing = false;
    const jobs = this.#queue.splice(0, MAX_BATCH);
    this.#quiet = jobs.length < 2 ? this.#quiet + 1 : 0;
    if (this.#quiet >= QUIET_COMMITS) {
      this.#unwatched = PROBE_EVERY - 1;
      this.#quiet = QUIET_COMMITS - 1;
    }
    if (jobs.length > 0) this.#flush(jobs);
  }
}

function attempt(run: () => unknown): Settled {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    return { ok: false, error };
  }
}

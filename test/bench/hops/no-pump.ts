/** In the place of the object's pump: each job is a commit of its own, and the output gate holds its answer. */

export class CommitPump {
  readonly #commit: (fn: () => void) => void;

  constructor(commit: (fn: () => void) => void) {
    this.#commit = commit;
  }

  submit<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve) => {
      let result: { value: T } | undefined;
      this.#commit(() => {
        result = { value: run() };
      });
      if (result !== undefined) resolve(result.value);
    });
  }
}

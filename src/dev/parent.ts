/**
 * Notices that npm is gone. npm runs a script through a shell, and a SIGTERM for npm ends that shell without a word to
 * the program under it, which would go on alone.
 */

const LOOK_EVERY_MS = 250;

/** Calls `stop` once when the shell of the npm script `script` has ended. Without npm it does nothing. */
export function whenNpmEnds(script: string, stop: () => void): void {
  if (process.env['npm_lifecycle_event'] !== script) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, LOOK_EVERY_MS);
  watch.unref();
}

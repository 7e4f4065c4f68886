/**
 * How long a test waits for a state that comes by itself: an upper bound for a machine that others keep busy. What is
 * there is taken at once, so that it costs nothing where all goes well.
 */
export const PATIENCE_MS = 90_000;

/** For `vi.waitFor` and `expect.poll`. */
export const PATIENCE = { timeout: PATIENCE_MS, interval: 50 } as const;

/** What the development programs do with their arguments: a wrong one is said in one line, and the exit code is 2. */

import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A mistake in how the program was called; the message is all that is printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints the line and ends the process. */
export function failUsage(message: string): never {
  console.error(message);
  process.exit(2);
}

/** As `parseArgs`, but unknown and incomplete options are a `UsageError`. */
export function readArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'these arguments cannot be read');
  }
}

/** A port, 0 for any free one. @throws UsageError */
export function portFrom(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new UsageError(`--port must be 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

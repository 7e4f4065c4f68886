/** In the place of the Worker's line: each request goes to its account at once and alone. */

interface Config {
  readonly accounts: { getByName(id: string): { release(request: unknown): Promise<unknown> } };
}

export function releaseInLine(config: Config, accountId: string, request: unknown): Promise<unknown> {
  return config.accounts.getByName(accountId).release(request);
}

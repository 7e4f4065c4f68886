/** Starts simulators for a test and speaks to their token endpoints as a client of the dialect would. */

import { onTestFinished } from 'vitest';
import { startSimulator } from '#dev/simulator/simulator.ts';
import { findDialect } from '#dev/simulator/dialects/dialects.ts';
import type { Simulator, SimulatorOptions } from '#dev/simulator/world.ts';

export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

export interface Asked {
  readonly auth?: 'basic' | 'body' | 'none';
  readonly format?: 'form' | 'json';
  readonly secret?: string;
  readonly accept?: string;
  readonly query?: string;
}

/** A request as the dialect's documents want it, unless `asked` says otherwise. */
export async function ask(
  simulator: Simulator,
  dialect: string,
  fields: Record<string, string>,
  asked: Asked = {},
): Promise<Response> {
  const known = findDialect(dialect);
  if (known === undefined) throw new Error(`no dialect ${dialect}`);
  const auth = asked.auth ?? (known.auth.includes('body') ? 'body' : 'basic');
  const format = asked.format ?? known.formats[0] ?? 'form';
  const { clientId } = simulator.client;
  const secret = asked.secret ?? simulator.client.clientSecret;
  const sent = auth === 'body' ? { ...fields, client_id: clientId, client_secret: secret } : fields;
  return await fetch(`${simulator.origin}/${dialect}/token${asked.query ?? ''}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      accept: asked.accept ?? 'application/json',
      'content-type': format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
      ...(auth === 'basic' ? { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` } : {}),
    },
    body: format === 'json' ? JSON.stringify(sent) : new URLSearchParams(sent).toString(),
  });
}

export const refresh = async (simulator: Simulator, dialect: string, token: string, asked?: Asked) =>
  await ask(simulator, dialect, { grant_type: 'refresh_token', refresh_token: token }, asked);

export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

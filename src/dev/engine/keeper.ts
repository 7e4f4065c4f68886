/**
 * A second Worker in the local engine: through it this process asks the engine's database and rings its cron, over HTTP.
 * Miniflare's own ways (`getD1Database`, `getWorker`) stop the whole process until the engine has answered; an engine
 * that logs much meanwhile stops until somebody reads what it logged, and the two waited for each other for ever.
 */

import { randomBytes } from 'node:crypto';
import { CoreHeaders, type Miniflare } from 'miniflare';

const NAME = 'keeper';

/** `cron` is told as `scheduled` of the broker; `exec` takes a statement a line; `names` answers applied migrations. */
const SOURCE = `
  const work = {
    cron: async ({ BROKER }, { cron }) => ({ outcome: (await BROKER.scheduled({ cron })).outcome }),
    exec: async ({ DB }, { lines }) => { await DB.exec(lines); return {}; },
    names: async ({ DB }) => ({ names: (await DB.prepare('SELECT name FROM d1_migrations').all()).results.map((row) => row.name) }),
  };
  export default {
    async fetch(request, env) {
      if (request.headers.get('authorization') !== env.SECRET) return new Response(null, { status: 404 });
      const asked = await request.json();
      return Response.json(await work[asked.work](env, asked));
    },
  };`;

export interface Keeper {
  /** Its options as a Worker of the engine, beside the broker's. */
  readonly worker: Record<string, unknown>;
  /** Rings the broker's cron. Rejects where it has no handler, or the engine is stopping. */
  cron(engine: Miniflare, cron: string): Promise<void>;
  /** Runs SQL, a statement a line. */
  exec(engine: Miniflare, lines: string): Promise<void>;
  /** The names of the migrations that are applied. */
  migrations(engine: Miniflare): Promise<string[]>;
}

/**
 * @param broker the name of the broker's Worker
 * @param options of that Worker: its date and its database
 */
export function keeper(broker: string, options: Readonly<Record<string, unknown>>): Keeper {
  // The engine's own port is open to every process of the machine.
  const secret = randomBytes(32).toString('base64url');
  const ask = async (engine: Miniflare, body: object): Promise<unknown> => {
    const headers = { authorization: secret, [CoreHeaders.ROUTE_OVERRIDE]: NAME };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await engine.dispatchFetch('http://keeper.invalid/', init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the engine answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  return {
    worker: {
      name: NAME,
      compatibilityDate: options['compatibilityDate'],
      compatibilityFlags: ['service_binding_extra_handlers'],
      modules: true,
      script: SOURCE,
      bindings: { SECRET: secret },
      d1Databases: options['d1Databases'],
      serviceBindings: { BROKER: broker },
    },
    cron: async (engine, cron) => void (await ask(engine, { work: 'cron', cron })),
    exec: async (engine, lines) => void (await ask(engine, { work: 'exec', lines })),
    migrations: async (engine) => ((await ask(engine, { work: 'names' })) as { names: string[] }).names,
  };
}

/**
 * A Worker whose objects of accounts are far away: each call of the Worker to one takes `hopMs` longer, half of it on the
 * way there and half on the way back. The delay lies in the namespace that this Worker is given; the product knows
 * nothing of it. Calls between objects, and those to agents and the directory, are as near as ever.
 */

type Method = (...args: unknown[]) => Promise<unknown>;

interface Namespace {
  getByName(name: string, options?: object): Record<string, Method>;
}

interface Inner {
  fetch(request: Request, env: object, ctx: object): Promise<Response> | Response;
  /** Nothing is swept here. */
  scheduled?(): void;
}

/** `PUT` with the milliseconds as its body sets the distance. */
export const DISTANCE = '/bench/hop-ms';

let hopMs = 0;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function carried(call: () => Promise<unknown>): Promise<unknown> {
  const wayMs = hopMs / 2;
  if (wayMs === 0) return call();
  await sleep(wayMs);
  try {
    return await call();
  } finally {
    await sleep(wayMs);
  }
}

function farAway(namespace: Namespace): Namespace {
  return {
    getByName: (name, options) => {
      const stub = namespace.getByName(name, options);
      return new Proxy(stub, {
        get:
          (_, method) =>
          (...args: unknown[]) =>
            carried(async () => stub[String(method)]?.(...args)),
      });
    },
  };
}

/** The same objects each time: the Worker keeps what it remembers beside them. */
const envs = new WeakMap<object, object>();

export function far(inner: Inner): Inner {
  return {
    fetch: async (request, env, ctx) => {
      if (new URL(request.url).pathname === DISTANCE) {
        hopMs = Number(await request.text());
        return new Response('');
      }
      let own = envs.get(env);
      if (own === undefined) {
        own = { ...env, ACCOUNTS: farAway((env as { ACCOUNTS: Namespace }).ACCOUNTS) };
        envs.set(env, own);
      }
      return inner.fetch(request, own, ctx);
    },
    scheduled: () => undefined,
  };
}

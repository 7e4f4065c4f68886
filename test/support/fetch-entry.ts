/** A Worker in the broker's place that fetches what it is told to, from itself and from an object: what the engine lets out. */

import { DurableObject } from 'cloudflare:workers';

async function reach(url: string): Promise<Response> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(10_000) });
    return Response.json({
      status: answer.status,
      text: await answer.text(),
      location: answer.headers.get('location'),
    });
  } catch (error) {
    return Response.json({ status: null, text: String(error), location: null });
  }
}

class Reacher extends DurableObject {
  override fetch(request: Request): Promise<Response> {
    return reach(new URL(request.url).searchParams.get('url') ?? '');
  }
}

export { Reacher as ConnectedAccount, Reacher as Agent };

export default {
  fetch(request: Request, env: { ACCOUNTS: DurableObjectNamespace }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/object') return env.ACCOUNTS.getByName('x').fetch(request);
    return reach(searchParams.get('url') ?? '');
  },
};

/**
 * The floor of a proxied call: the barest thing of the same shape on the same engine. A Worker finds an object by name,
 * one RPC hop with one inserted row of the size of an audit record, and then forwards the request to the API.
 */

export { Agent, ConnectedAccount, Revocation } from './floor.ts';

interface Stub {
  append(input: { at: number }): Promise<{ n: number }>;
}

let counter = 0;

export default {
  async fetch(request: Request, env: { ACCOUNTS: DurableObjectNamespace; API: string }): Promise<Response> {
    const { pathname } = new URL(request.url);
    counter += 1;
    await (env.ACCOUNTS.getByName('one') as unknown as Stub).append({ at: counter });
    const { method, body } = request;
    const answer = await fetch(`${env.API}${pathname}`, {
      method,
      body,
      headers: { authorization: 'Bearer x' },
      redirect: 'manual',
    });
    return new Response(answer.body, { status: answer.status });
  },
};

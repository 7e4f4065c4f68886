/**
 * The OAuth server of the worker layer: started once beside the runs in workerd, which reach it over loopback like any
 * provider and steer it through a second socket. Faults are per grant, so that files that run together do not meet.
 */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';

/** What a test in workerd is told of the provider. */
export interface ProviderAddress {
  readonly issuer: string;
  readonly controlUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    provider: ProviderAddress;
  }
}

/** One request to the control socket. A fault is what JSON can say of one: no functions, no `Infinity`. */
export type Control =
  | { readonly do: 'grant'; readonly options: { scope?: string; accessTokenTtlS?: number } }
  | { readonly do: 'fault'; readonly grantId: string; readonly fault: Fault; readonly times: number }
  | { readonly do: 'calls'; readonly grantId: string }
  | { readonly do: 'state'; readonly grantId: string };

function faultFor(server: OAuthServer, grantId: string, fault: Fault, times: number): void {
  let left = times;
  server.faults.when((call) => {
    if (call.grantId !== grantId || left === 0) return false;
    left -= 1;
    return true;
  }, fault);
}

async function carryOut(server: OAuthServer, control: Control): Promise<unknown> {
  switch (control.do) {
    case 'grant':
      return server.grant(control.options);
    case 'fault':
      faultFor(server, control.grantId, control.fault, control.times);
      return null;
    case 'calls':
      return server.calls.filter((call) => call.grantId === control.grantId);
    case 'state':
      return server.state(control.grantId);
  }
}

async function read(request: IncomingMessage): Promise<Control> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Control;
}

/** vitest's hook: runs before the first file of the project, and what comes back after its last. */
export default async function setup(project: {
  provide(name: 'provider', value: ProviderAddress): void;
}): Promise<() => Promise<void>> {
  const server = await startOAuthServer({ accessTokenTtlS: 3600 });
  const control = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    void read(request)
      .then((command) => carryOut(server, command))
      .then(
        (result) => response.end(JSON.stringify(result)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  project.provide('provider', {
    issuer: server.issuer,
    controlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    ...server.client,
  });
  return async () => {
    control.closeAllConnections();
    control.close();
    await server.close();
  };
}

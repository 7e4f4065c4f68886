/** What the platform is given: the app, the objects and the entrypoints. No logic. */

import { createApp } from './api/app.ts';

export { ConnectedAccount } from './accounts/connected-account.ts';
export { Agent } from './agents/agent.ts';
export { Deliverer } from './egress/deliver.ts';
export { Exchanger } from './egress/exchange.ts';

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env as object, ctx),
} satisfies ExportedHandler;

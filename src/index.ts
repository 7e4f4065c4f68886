/** What the platform is given: the app, the objects and the entrypoints. No logic. */

import { sweepAll } from './accounts/clock/sweep.ts';
import { createApp } from './api/app.ts';
import { rereadServers } from './api/connections/reread.ts';
import { LIVE_SENDERS } from './api/senders/live-senders.ts';
import { createFront } from './api/tokens/token-front.ts';
import { lookAfterSigningKeys } from './directory/callers/signing-keys.ts';
import { dropOldNews } from './directory/retention.ts';
import { configOf } from './env.ts';
import { wakeRevocations } from './revocations/start.ts';

export { ConnectedAccount } from './accounts/connected-account.ts';
export { Agent } from './agents/agent.ts';
export { Deliverer } from './egress/deliver.ts';
export { Exchanger } from './egress/exchange/exchange.ts';
export { Revocation } from './revocations/revocation.ts';

const front = createFront(createApp(LIVE_SENDERS));

export default {
  fetch: (request, env, ctx) => front(request, env as object, ctx),
  scheduled: (_controller, env, ctx) => {
    const config = configOf(env);
    ctx.waitUntil(sweepAll(config));
    ctx.waitUntil(dropOldNews(config));
    ctx.waitUntil(lookAfterSigningKeys(config));
    ctx.waitUntil(wakeRevocations(config));
    ctx.waitUntil(rereadServers(config));
  },
} satisfies ExportedHandler;

/**
 * `npm run simulate -- --port N`: the provider simulator alone, for a developer who wants to see how a broker (this
 * one or another) behaves where providers are wrong. Prints what to paste, then one line per use of a refresh token.
 */

import { failUsage, portFrom, readArguments, UsageError } from './command-line.ts';
import { whenNpmEnds } from './parent.ts';
import { becomesFree } from './ports.ts';
import { DIALECTS } from './simulator/dialects/dialects.ts';
import { startSimulator } from './simulator/simulator.ts';
import { STEP_KINDS } from './simulator/steps.ts';

function wantedPort(): number {
  try {
    return portFrom(readArguments({ port: { type: 'string', default: '8789' } }).port);
  } catch (error) {
    if (error instanceof UsageError) failUsage(error.message);
    throw error;
  }
}

const port = wantedPort();
if (port !== 0 && !(await becomesFree(port))) failUsage(`port ${port} is taken; choose another with --port`);
const simulator = await startSimulator({ port, logUses: true });
const { origin, client } = simulator;

console.log(`ready ${origin}

catalogue every OAuth entry, at ${origin}/providers/ID
dialects  ${DIALECTS.map(({ id }) => id).join(', ')}
steps     ${STEP_KINDS.join(', ')}
client    ${client.clientId}  ${client.clientSecret}

An account whose first refresh meets a 429, and whose second answer is lost after the rotation:

  curl -s ${origin}/simulator/accounts -d '{"dialect":"slack","id":"u1","script":[{"kind":"throttle","seconds":5},{"kind":"drop_after"}]}'

Its answer holds PROVIDER_CONFIG and REFRESH_TOKEN for a broker with ALLOW_LOOPBACK=true, as \`npm start\` is one:

  curl -s http://localhost:8787/v1/connections -H "Authorization: Bearer $ADMIN_KEY" -H 'Content-Type: application/json' -d '{"id":"simulated","provider":"custom","client_id":"${client.clientId}","client_secret":"${client.clientSecret}","provider_config":PROVIDER_CONFIG}'
  curl -s -X PUT 'http://localhost:8787/v1/credentials/simulated?identifier=u1' -H "Authorization: Bearer $ADMIN_KEY" -H 'Content-Type: application/json' -d '{"refresh_token":"REFRESH_TOKEN"}'

A catalogue entry, connected through its own consent page (merge this answer into the body of POST /v1/connections,
beside an "id"; then make an account and a connect link):

  curl -s ${origin}/simulator/providers/notion

What became of each refresh token:  curl -s '${origin}/simulator/uses?account=u1'
The end of a grant:                 curl -s -X PATCH ${origin}/simulator/accounts/u1 -d '{"dead":true}'
`);

const stop = (): void => {
  void simulator.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
whenNpmEnds('simulate', stop);

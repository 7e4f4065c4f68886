/** What `npm start` prints when its story is over: commands that work as they stand, while it stays up. */

import type { Cast } from './story.ts';

export interface PasteInput {
  /** As people type it. */
  readonly url: string;
  readonly cast: Cast;
  /** The page at the OAuth server with the revoke button. */
  readonly grantsUrl: string;
  /** The file that holds ADMIN_KEY, as the shell reaches it. The key itself is not printed. */
  readonly devVarsFile: string;
}

/** A heading with the commands under it; none where everything is done in a browser. */
export interface Paste {
  readonly heading: string;
  /** A sentence for the reader, between heading and commands. */
  readonly hint?: string;
  readonly commands: readonly string[];
}

const JSON_BODY = `-H 'Content-Type: application/json' -d`;
const AGENT = '{"id":"my-agent","key":true,"policy":{"allowed_credentials":["my-api"]}}';
const AS_OPERATOR = `-H "Authorization: Bearer $ADMIN_KEY"`;

/** In the order in which they are to be read. */
export function pastes({ url, cast, grantsUrl, devVarsFile }: PasteInput): readonly Paste[] {
  const accounts = `${url}/v1/connected-accounts`;
  const account = `${accounts}/${cast.accountId}`;
  const credential = (identifier: string): string =>
    `curl -s '${url}/v1/agents/${cast.agentId}/credentials/${cast.connection}?identifier=${identifier}' -H 'Authorization: Bearer ${cast.agentKey}'`;
  const newAccount = JSON.stringify({ connection: cast.connection, identifier: cast.reader });
  const confirmation = JSON.stringify({ identifier: cast.reader, confirm_code: 'CODE' });
  return [
    {
      heading: 'Be the operator: the key is in the file, not on the screen',
      commands: [`export ADMIN_KEY=$(sed -n 's/^ADMIN_KEY=//p' ${devVarsFile})`],
    },
    {
      heading: "The story's account: look at it, fetch as its agent, expire the token and verify its records",
      hint: 'Fetch again after the third command, and the token is a new one.',
      commands: [
        `curl -s ${account} ${AS_OPERATOR}`,
        credential(cast.identifier),
        `curl -s -X POST ${account}/expire ${AS_OPERATOR}`,
        `curl -s ${account}/audit/verify ${AS_OPERATOR}`,
      ],
    },
    {
      heading: 'A connect link of your own: make it, confirm who came back, and fetch as the agent',
      hint: 'Open its url in a browser, press the button and Allow; the last page shows SESSION and CODE for the third command.',
      commands: [
        `export ACCOUNT=$(curl -s -X POST ${accounts} ${AS_OPERATOR} ${JSON_BODY} '${newAccount}' | grep -o 'ca_[^"]*')`,
        `curl -s -X POST ${accounts}/$ACCOUNT/connect-link ${AS_OPERATOR}`,
        `curl -s -X POST ${url}/v1/connect-sessions/SESSION/confirm ${AS_OPERATOR} ${JSON_BODY} '${confirmation}'`,
        credential(cast.reader),
      ],
    },
    {
      heading: 'Take a grant back',
      hint: `Press Revoke on ${grantsUrl}: at the next refresh the webhook is shown here, and its link repairs the account.`,
      commands: [],
    },
    {
      heading: 'Your own API key: store it, make an agent, and fetch with its key, which is shown once',
      hint: 'Once the agent is there, the second command gets it another key where its address is /v1/agents/my-agent/keys.',
      commands: [
        `curl -s -X PUT ${url}/v1/credentials/my-api ${AS_OPERATOR} ${JSON_BODY} '{"api_key":"YOUR-API-KEY"}'`,
        `export AGENT_KEY=$(curl -s -X POST ${url}/v1/agents ${AS_OPERATOR} ${JSON_BODY} '${AGENT}' | grep -o 'vk_agent_[^"]*')`,
        `curl -s ${url}/v1/agents/my-agent/credentials/my-api -H "Authorization: Bearer $AGENT_KEY"`,
      ],
    },
    {
      heading: 'Everything else',
      hint: `Each route with its errors and a command to paste: ${url}/docs`,
      commands: [],
    },
  ];
}

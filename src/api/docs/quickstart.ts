/** From nothing to an agent with a credential, in commands that work as they stand: the beginning of the contract's text. */

export const QUICKSTART = `## Quickstart

What the commands of this page take from your shell: the address of the broker, and the operator's key (\`ADMIN_KEY\` of
the deployment; \`npm start\` and \`npm start -- --keys\` write it to \`.dev.vars\`).

\`\`\`sh
export BROKER=http://localhost:8787
export ADMIN_KEY=$(sed -n 's/^ADMIN_KEY=//p' .dev.vars)
\`\`\`

Store an API key, as an operator:

\`\`\`sh
curl -s -X PUT "$BROKER/v1/credentials/my-api" \\
  -H "Authorization: Bearer $ADMIN_KEY" -H 'Content-Type: application/json' \\
  -d '{"api_key":"YOUR-API-KEY"}'
\`\`\`

Make an agent that may have it. Its key is shown in this one answer:

\`\`\`sh
export AGENT_KEY=$(curl -s -X POST "$BROKER/v1/agents" \\
  -H "Authorization: Bearer $ADMIN_KEY" -H 'Content-Type: application/json' \\
  -d '{"id":"my-agent","key":true,"policy":{"allowed_credentials":["my-api"]}}' | grep -o 'vk_agent_[^"]*')
\`\`\`

Be that agent. The answer holds the credential and the headers to send with a call:

\`\`\`sh
curl -s "$BROKER/v1/agents/my-agent/credentials/my-api" \\
  -H "Authorization: Bearer $AGENT_KEY"
\`\`\`

An account of a user at a provider is connected once, in a browser, and kept alive from then on: create a connection
(\`POST /v1/connections\`), an account of it (\`POST /v1/connected-accounts\`) and a link for its user
(\`POST /v1/connected-accounts/{id}/connect-link\`). The README walks that way to its end.

The ids in the commands below are examples.`;

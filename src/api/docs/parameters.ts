/** Parameters that mean the same on every route: a description and an example of each. */

import { STORY } from '#contract/examples.ts';
import type { Parameter } from './shapes.ts';

/** What `{id}` is under which path. */
const IDS: Readonly<Record<string, string>> = {
  '/v1/admin-keys/': 'Id of the admin key.',
  '/v1/agents/': 'Id of the agent.',
  '/v1/approvals/': 'Id of the approval.',
  '/v1/connect-sessions/': 'Id of the connect session.',
  '/v1/connected-accounts/': 'Id of the connected account.',
  '/v1/connections/': 'Id of the connection.',
  '/v1/providers/': 'Id of the catalogue entry.',
  '/v1/revocations/': 'Id of the revocation.',
  '/v1/webhook-deliveries/': 'Id of the delivery.',
  '/v1/webhook-endpoints/': 'Id of the webhook endpoint.',
};

const NAMED: Readonly<Record<string, string>> = {
  after: 'Id of an event: the list begins behind it.',
  agent: 'Id of an agent.',
  agent_id: 'Id of the agent that asks.',
  connected_account_id: 'Only what belongs to this account.',
  connection: 'Id of the connection.',
  cursor: '`next_cursor` of the page before; good for the same filters only.',
  endpoint: 'Only those to this webhook endpoint.',
  identifier: 'Whose account.',
  key_id: 'Id of the key.',
  limit: 'How many a page holds at most.',
  organization: 'The tenant; left out: none.',
  path: 'Path at the API of the provider.',
  status: 'Only what has this status.',
  type: 'Only events of this type.',
};

const EXAMPLES: Readonly<Record<string, unknown>> = {
  ...STORY.example.fields,
  ...STORY.example.parameters,
  limit: 50,
};

/** The parameter with a description and an example; its own come first. */
export function describedParameter(path: string, parameter: Parameter): Parameter {
  const { name } = parameter;
  const isId = name === 'id' && parameter.in === 'path';
  const prefix = Object.keys(IDS).find((one) => path.startsWith(one)) ?? '';
  const { description: ofSchema, example: ofSchemaExample, ...schema } = parameter.schema ?? {};
  const description = parameter.description ?? ofSchema ?? (isId ? IDS[prefix] : NAMED[name]);
  const told = isId ? EXAMPLES[prefix] : EXAMPLES[name];
  const example = parameter.example ?? ofSchemaExample ?? schema.default ?? schema.enum?.[0] ?? told;
  return {
    ...parameter,
    ...(description === undefined ? {} : { description }),
    ...(example === undefined || example === null ? {} : { example }),
    schema,
  };
}

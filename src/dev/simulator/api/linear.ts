/** Linear: one path, GraphQL; errors come with 200 or 400. https://linear.app/developers/graphql */

import { jsonOf, pageOf, type ApiAnswer, type Memory } from './face.ts';
import { fine, routed, things } from './routes.ts';

const refusal = (status: number, code: string, message: string): ApiAnswer => ({
  status,
  body: { errors: [{ message, extensions: { code, userPresentableMessage: message } }] },
});

type Variables = Readonly<Record<string, unknown>>;

function connection(memory: Memory, { first, after }: Variables): object {
  const { items, next } = pageOf(
    things(memory, 5, (n) => ({ id: `i${n}`, title: `Issue ${n}` })),
    Number(after ?? 1),
    Number(first ?? 50),
  );
  return {
    nodes: items,
    pageInfo: { hasNextPage: next !== null, endCursor: next === null ? null : String(next) },
  };
}

/** By the field that the document asks for. */
const FIELDS: Readonly<Record<string, (memory: Memory, variables: Variables) => object>> = {
  viewer: () => ({ id: 'u1', name: 'Ada', email: 'ada@example.com' }),
  teams: connection,
  issues: connection,
  searchIssues: connection,
  issueCreate: () => ({ success: true, issue: { id: 'i9', identifier: 'ENG-9' } }),
  issueUpdate: () => ({ success: true, issue: { id: 'i9', identifier: 'ENG-9' } }),
  commentCreate: () => ({ success: true, comment: { id: 'c9' } }),
};

export const linear = routed(
  {
    refused: refusal(401, 'AUTHENTICATION_ERROR', 'Authentication required, not authenticated'),
    missing: refusal(404, 'ENTITY_NOT_FOUND', 'Entity not found'),
  },
  {
    'POST /graphql': ({ body }, _, memory) => {
      const { query = '', variables = {} } = jsonOf(body) as { query?: string; variables?: Variables };
      const field = /\{\s*(\w+)/.exec(query)?.[1] ?? '';
      const made = FIELDS[field];
      return made === undefined
        ? refusal(400, 'GRAPHQL_VALIDATION_FAILED', `no field ${field}`)
        : fine({ data: { [field]: made(memory, variables) } });
    },
  },
);

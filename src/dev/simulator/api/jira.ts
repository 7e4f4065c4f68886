/** Jira Cloud's platform API, version 3. https://developer.atlassian.com/cloud/jira/platform/rest/v3 */

import { jsonOf, pageOf, type ApiAnswer } from './face.ts';
import { fine, nothing, routed, things } from './routes.ts';

const ROOT = '/ex/jira/:cloud/rest/api/3';
const refusal = (status: number, message: string): ApiAnswer => ({
  status,
  body: { errorMessages: [message], errors: {} },
});
const issue = (id: string) => ({ id, key: `ACME-${id}`, fields: { summary: `Issue ${id}` } });

export const jira = routed(
  {
    refused: { status: 401, body: { code: 401, message: 'Unauthorized' } },
    missing: refusal(404, 'Issue does not exist or you do not have permission to see it.'),
  },
  {
    [`POST ${ROOT}/search/jql`]: ({ body }, _, memory) => {
      const { nextPageToken: token, maxResults: size } = jsonOf(body);
      const all = things(memory, 5, (n) => issue(String(n)));
      const { items, next } = pageOf(all, Number(token ?? 1), Number(size ?? 50));
      return fine({
        issues: items,
        isLast: next === null,
        ...(next === null ? {} : { nextPageToken: String(next) }),
      });
    },
    [`GET ${ROOT}/issue/:id`]: (_, [, id = '']) => fine(issue(id)),
    [`POST ${ROOT}/issue`]: () => fine({ id: '9', key: 'ACME-9', self: 'https://example.com/9' }, 201),
    [`PUT ${ROOT}/issue/:id`]: () => nothing(204),
    [`POST ${ROOT}/issue/:id/comment`]: () => fine({ id: '1', body: {} }, 201),
    [`GET ${ROOT}/issue/:id/transitions`]: (_, __, memory) =>
      fine({
        expand: 'transitions',
        transitions: things(memory, 2, (n) => ({ id: String(n), name: 'Done' })),
      }),
    [`POST ${ROOT}/issue/:id/transitions`]: () => nothing(204),
    [`GET ${ROOT}/project/search`]: ({ query }, _, memory) => {
      const all = things(memory, 5, (n) => ({ id: String(n), key: `P${n}` }));
      const startAt = Number(query.get('startAt') ?? 0);
      const maxResults = Number(query.get('maxResults') ?? 50);
      const values = all.slice(startAt, startAt + maxResults);
      return fine({
        startAt,
        maxResults,
        total: all.length,
        isLast: startAt + maxResults >= all.length,
        values,
      });
    },
    [`GET ${ROOT}/user/search`]: (_, __, memory) =>
      fine(things(memory, 2, (n) => ({ accountId: String(n) }))),
  },
);

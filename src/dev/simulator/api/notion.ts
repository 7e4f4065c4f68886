/** Notion's API. https://developers.notion.com/reference */

import { jsonOf, pageOf, type ApiAnswer, type ApiRequest, type Memory } from './face.ts';
import { fine, routed, things } from './routes.ts';

const refusal = (status: number, code: string, message: string): ApiAnswer => ({
  status,
  body: { object: 'error', status, code, message },
});
const page = (id: string) => ({ object: 'page', id, properties: {} });

function listed({ body }: ApiRequest, memory: Memory): ApiAnswer {
  const { start_cursor: cursor, page_size: size } = jsonOf(body);
  const { items, next } = pageOf(
    things(memory, 5, (n) => page(`p${n}`)),
    Number(cursor ?? 1),
    Number(size ?? 100),
  );
  return fine({
    object: 'list',
    results: items,
    next_cursor: next === null ? null : String(next),
    has_more: next !== null,
  });
}

export const notion = routed(
  {
    refused: refusal(401, 'unauthorized', 'API token is invalid.'),
    missing: refusal(404, 'object_not_found', 'Could not find the object. Make sure it is shared.'),
  },
  {
    'POST /v1/search': (request, _, memory) => listed(request, memory),
    'POST /v1/data_sources/:id/query': (request, _, memory) => listed(request, memory),
    'GET /v1/pages/:id': (_, [id = '']) => fine(page(id)),
    'GET /v1/pages/:id/markdown': (_, [id = '']) =>
      fine({ object: 'page_markdown', id, markdown: '# Title' }),
    'POST /v1/pages': () => fine(page('p9')),
    'PATCH /v1/pages/:id': (_, [id = '']) => fine(page(id)),
    'PATCH /v1/blocks/:id/children': () =>
      fine({ object: 'list', results: [{ object: 'block', id: 'b1' }], next_cursor: null, has_more: false }),
    'POST /v1/comments': () => fine({ object: 'comment', id: 'c1' }),
  },
);

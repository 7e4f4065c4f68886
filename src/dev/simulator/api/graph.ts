/** Microsoft Graph 1.0: mail and calendar; the next page is a URL. https://learn.microsoft.com/graph/api */

import type { ApiAnswer, ApiRequest, Memory } from './face.ts';
import { fine, nothing, routed, things } from './routes.ts';

const refusal = (status: number, code: string, message: string): ApiAnswer => ({
  status,
  body: { error: { code, message, innerError: { 'request-id': 'r1' } } },
});

function listed({ path, query }: ApiRequest, memory: Memory): ApiAnswer {
  const all = things(memory, 5, (n) => ({ id: `m${n}`, subject: `Subject ${n}` }));
  const size = Number(query.get('$top') ?? 10);
  const from = Number(query.get('$skip') ?? 0);
  const next = from + size;
  const more =
    next < all.length ? { '@odata.nextLink': `${memory.origin}${path}?$top=${size}&$skip=${next}` } : {};
  return fine({ '@odata.context': `${memory.origin}/$metadata`, value: all.slice(from, next), ...more });
}

export const graph = routed(
  {
    refused: refusal(401, 'InvalidAuthenticationToken', 'Access token has expired or is not yet valid.'),
    missing: refusal(404, 'ErrorItemNotFound', 'The specified object was not found in the store.'),
  },
  {
    'GET /v1.0/me/messages': (request, _, memory) => listed(request, memory),
    'GET /v1.0/me/messages/:id': (_, [id = '']) => fine({ id, subject: 'Hello' }),
    'POST /v1.0/me/sendMail': () => nothing(202),
    'POST /v1.0/me/messages/:id/reply': () => nothing(202),
    'GET /v1.0/me/calendarView': (request, _, memory) => listed(request, memory),
    'POST /v1.0/me/events': () => fine({ id: 'e9', subject: 'Hello' }, 201),
    'PATCH /v1.0/me/events/:id': (_, [id = '']) => fine({ id, subject: 'Hello' }),
  },
);

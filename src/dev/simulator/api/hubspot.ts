/** HubSpot's CRM and files. https://developers.hubspot.com/docs/api-reference */

import {
  fileIn,
  isFirst,
  jsonOf,
  pageOf,
  sha256,
  type ApiAnswer,
  type ApiRequest,
  type Face,
  type Memory,
} from './face.ts';

const CONTACTS = Array.from({ length: 5 }, (_, n) => ({
  id: String(n + 1),
  properties: { firstname: `Ada ${n + 1}` },
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  archived: false,
}));
const CORRELATION = '11111111-2222-4333-8444-555555555555';

const refusal = (status: number, category: string, message: string, headers = {}): ApiAnswer => ({
  status,
  headers,
  body: { status: 'error', message, correlationId: CORRELATION, category },
});

function contacts({ method, path, query, body }: ApiRequest, id: string, memory: Memory): ApiAnswer | null {
  if (id === '429' && isFirst(memory, path)) {
    const message = 'You have reached your secondly limit.';
    const body = { status: 'error', message, policyName: 'SECONDLY', category: 'RATE_LIMITS' };
    return { status: 429, headers: { 'retry-after': '1' }, body };
  }
  if (method === 'POST')
    return { status: 201, body: { ...CONTACTS[0], id: '6', properties: jsonOf(body)['properties'] } };
  if (id !== '') {
    const found = id === '429' ? CONTACTS[0] : CONTACTS.find((one) => one.id === id);
    return found === undefined ? null : { status: 200, body: found };
  }
  const { items, next } = pageOf(CONTACTS, Number(query.get('after') ?? 1), Number(query.get('limit') ?? 10));
  const paging = next === null ? {} : { paging: { next: { after: String(next) } } };
  return { status: 200, body: { results: items, ...paging } };
}

function paged(asked: { get(name: string): unknown }, { isEmpty }: Memory): ApiAnswer {
  const { items, next } = pageOf(
    isEmpty ? [] : CONTACTS,
    Number(asked.get('after') ?? 1),
    Number(asked.get('limit') ?? 10),
  );
  const paging = next === null ? {} : { paging: { next: { after: String(next) } } };
  return { status: 200, body: { total: items.length, results: items, ...paging } };
}

/** The dated paths: one way for all kinds of objects. */
function object({ method, body }: ApiRequest, id: string, memory: Memory): ApiAnswer | null {
  switch (method) {
    case 'POST':
      return id === 'search'
        ? paged(new Map(Object.entries(jsonOf(body))), memory)
        : { status: 201, body: { ...CONTACTS[0], id: '6', properties: jsonOf(body)['properties'] } };
    case 'PATCH':
      return { status: 200, body: { ...CONTACTS[0], id, properties: jsonOf(body)['properties'] } };
    case 'GET':
      return id === '' ? null : { status: 200, body: { ...CONTACTS[0], id } };
    default:
      return null;
  }
}

export const hubspot: Face = {
  refused: refusal(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired.'),
  missing: refusal(404, 'OBJECT_NOT_FOUND', 'Object not found.'),
  answer: (request, memory) => {
    const { method, path } = request;
    const crm = /^\/crm\/objects\/2026-09\/(?:contacts|companies|deals|notes)(?:\/([^/]+))?$/.exec(path);
    if (crm !== null) return object(request, crm[1] ?? '', memory);
    if (method === 'GET' && path === '/crm/owners/2026-03') return paged(request.query, memory);
    const contact = /\/contacts(?:\/([^/]+))?$/.exec(path);
    if (contact !== null) return contacts(request, contact[1] ?? '', memory);
    if (method === 'POST' && /^\/files\/[^/]+\/files$/.test(path)) {
      const file = fileIn(request);
      memory.files.set('1', file);
      const facts = { id: '1', name: 'file', size: file.length, fileMd5: sha256(file), archived: false };
      return {
        status: 201,
        body: {
          ...facts,
          access: 'PRIVATE',
          createdAt: '2026-01-01T00:00:00Z',
          updatedAt: '2026-01-01T00:00:00Z',
        },
      };
    }
    if (method === 'GET' && path === '/files/v3/files/1/content') {
      const file = memory.files.get('1');
      if (file === undefined) return null;
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: file };
    }
    return null;
  },
};

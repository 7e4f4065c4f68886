/** Stripe: forms in, JSON out, a list says whether there is more. https://docs.stripe.com/api */

import { fileIn, isFirst, pageOf, sha256, type ApiAnswer, type Face } from './face.ts';

const CUSTOMERS = Array.from({ length: 5 }, (_, n) => ({
  id: `cus_${n + 1}`,
  object: 'customer',
  name: `Ada ${n + 1}`,
}));

const refusal = (status: number, type: string, message: string, more = {}, headers = {}): ApiAnswer => ({
  status,
  headers: { 'request-id': 'req_simulated', ...headers },
  body: { error: { type, message, ...more } },
});
const fine = (body: object, headers = {}): ApiAnswer => ({
  status: 200,
  headers: { 'request-id': 'req_simulated', ...headers },
  body,
});

export const stripe: Face = {
  refused: refusal(401, 'invalid_request_error', 'Expired API Key provided', { code: 'api_key_expired' }),
  missing: refusal(404, 'invalid_request_error', 'No such resource', {
    code: 'resource_missing',
    param: 'id',
  }),
  answer: (request, memory) => {
    const { method, path, query, headers, body } = request;
    const [, version = '', what = '', id = '', more = ''] = path.split('/');
    if (version !== 'v1') return null;
    const all = memory.isEmpty ? [] : CUSTOMERS;
    if (method === 'GET' && path === '/v1/customers/search') {
      const { items, next } = pageOf(all, Number(query.get('page') ?? 1), Number(query.get('limit') ?? 10));
      const next_page = next === null ? null : String(next);
      return fine({ object: 'search_result', url: path, has_more: next !== null, next_page, data: items });
    }
    switch (`${method} ${what}${id === '' ? '' : '/id'}${more === '' ? '' : `/${more}`}`) {
      case 'POST refunds': {
        const asked = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
        return fine({ id: 're_1', object: 'refund', ...asked, key: headers['idempotency-key'] });
      }
      case 'GET invoices':
      case 'GET subscriptions':
      case 'GET charges':
      case 'GET customers': {
        const from = CUSTOMERS.findIndex((one) => one.id === query.get('starting_after')) + 1;
        const data = all.slice(from, from + Number(query.get('limit') ?? 10));
        const has_more = from + data.length < all.length;
        return fine({ object: 'list', url: '/v1/customers', has_more, data });
      }
      case 'GET customers/id': {
        if (id === 'cus_busy' && isFirst(memory, path))
          return refusal(
            429,
            'rate_limit_error',
            'Too many requests',
            { code: 'rate_limit' },
            {
              'retry-after': '1',
              'stripe-should-retry': 'true',
            },
          );
        const found = id === 'cus_busy' ? CUSTOMERS[0] : CUSTOMERS.find((one) => one.id === id);
        return found === undefined ? null : fine(found);
      }
      case 'POST customers': {
        const asked = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
        const seen = { version: headers['stripe-version'], account: headers['stripe-account'] };
        return fine({
          id: 'cus_6',
          object: 'customer',
          ...asked,
          metadata: { ...seen, key: headers['idempotency-key'] },
        });
      }
      case 'POST files': {
        const file = fileIn(request);
        memory.files.set('file_1', file);
        return fine({ id: 'file_1', object: 'file', size: file.length, purpose: sha256(file) });
      }
      case 'GET quotes/id/pdf':
        return {
          status: 200,
          headers: { 'content-type': 'application/pdf' },
          body: memory.files.get('file_1') ?? Buffer.from('%PDF'),
        };
      default:
        return null;
    }
  },
};

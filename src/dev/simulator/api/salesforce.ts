/** Salesforce's REST API: an error is a list, the next page a path. https://developer.salesforce.com/docs */

import type { ApiAnswer } from './face.ts';
import { fine, nothing, routed, things } from './routes.ts';

const ROOT = '/services/data/v66.0';
const refusal = (status: number, errorCode: string, message: string): ApiAnswer => ({
  status,
  // The list is an object to JSON.
  body: [{ message, errorCode }],
});
const record = (n: number) => ({ attributes: { type: 'Account' }, Id: `001-${n}` });
const ALL = 5;
const PAGE = 2;

function page(all: readonly object[], from: number): ApiAnswer {
  const records = all.slice(from, from + PAGE);
  const next = from + PAGE;
  const isDone = next >= all.length;
  const more = isDone ? {} : { nextRecordsUrl: `${ROOT}/query/01g-${next}` };
  return fine({ totalSize: all.length, done: isDone, ...more, records });
}

export const salesforce = routed(
  {
    refused: refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
    missing: refusal(404, 'NOT_FOUND', 'The requested resource does not exist'),
  },
  {
    [`GET ${ROOT}/query`]: (_, __, memory) => page(things(memory, ALL, record), 0),
    [`GET ${ROOT}/query/:locator`]: (_, [locator = ''], memory) =>
      page(things(memory, ALL, record), Number(locator.split('-')[1])),
    [`GET ${ROOT}/parameterizedSearch`]: (_, __, memory) =>
      fine({ searchRecords: things(memory, 2, record) }),
    [`GET ${ROOT}/sobjects/:sobject/describe`]: (_, [name = '']) => fine({ name, fields: [{ name: 'Id' }] }),
    [`GET ${ROOT}/sobjects/:sobject/:id`]: (_, [type = '', Id = '']) => fine({ attributes: { type }, Id }),
    [`POST ${ROOT}/sobjects/:sobject`]: () => fine({ id: '001-9', success: true, errors: [] }, 201),
    [`PATCH ${ROOT}/sobjects/:sobject/:id`]: () => nothing(204),
  },
);

/** Gmail v1. A search without a hit leaves `messages` out. https://developers.google.com/workspace/gmail/api */

import { jsonOf, pageOf } from '../face.ts';
import { fine, routed, things } from '../routes.ts';
import { GOOGLE } from './errors.ts';

const ME = '/gmail/v1/users/me';
const message = (id: string) => ({ id, threadId: 't1', labelIds: ['INBOX'], snippet: 'Hello' });

export const gmail = routed(GOOGLE, {
  [`GET ${ME}/messages`]: ({ query }, _, memory) => {
    const all = things(memory, 5, (n) => ({ id: `m${n}`, threadId: `t${n}` }));
    if (all.length === 0) return fine({ resultSizeEstimate: 0 });
    const { items, next } = pageOf(
      all,
      Number(query.get('pageToken') ?? 1),
      Number(query.get('maxResults') ?? 100),
    );
    return fine({
      messages: items,
      resultSizeEstimate: all.length,
      ...(next === null ? {} : { nextPageToken: String(next) }),
    });
  },
  [`GET ${ME}/messages/:id`]: (_, [id = '']) => fine({ ...message(id), payload: { headers: [] } }),
  [`GET ${ME}/threads/:id`]: (_, [id = '']) => fine({ id, messages: [message('m1')] }),
  [`POST ${ME}/messages/send`]: ({ body }) => fine({ ...message('m9'), sent: jsonOf(body)['raw'] }),
  [`POST ${ME}/drafts`]: ({ body }) =>
    fine({ id: 'd1', message: message('m9'), sent: jsonOf(body)['message'] }),
  [`POST ${ME}/messages/:id/modify`]: (_, [id = '']) => fine(message(id)),
});

/** Slack's Web API: everything is a POST, an error is `ok: false` under 200. https://docs.slack.dev/apis/web-api */

import { isFirst, pageOf, type ApiAnswer, type ApiRequest, type Face, type Memory } from './face.ts';

const CHANNELS = Array.from({ length: 5 }, (_, n) => ({ id: `C${n + 1}`, name: `channel-${n + 1}` }));

const fine = (body: object): ApiAnswer => ({ status: 200, body: { ok: true, ...body } });
const wrong = (error: string): ApiAnswer => ({ status: 200, body: { ok: false, error } });

/** Forms and JSON say the same. */
function given({ headers, body, query }: ApiRequest): Readonly<Record<string, unknown>> {
  const text = body.toString('utf8');
  const type = headers['content-type'] ?? '';
  const own: object = type.includes('json')
    ? (JSON.parse(text) as object)
    : Object.fromEntries(new URLSearchParams(text));
  return { ...Object.fromEntries(query), ...own };
}

function listed(asked: Readonly<Record<string, unknown>>, name: string, { isEmpty }: Memory): ApiAnswer {
  const { items, next } = pageOf(
    isEmpty ? [] : CHANNELS,
    Number(asked['cursor'] ?? 1),
    Number(asked['limit'] ?? 100),
  );
  return fine({ [name]: items, response_metadata: { next_cursor: next === null ? '' : String(next) } });
}

export const slack: Face = {
  refused: wrong('token_expired'),
  missing: wrong('unknown_method'),
  answer: (request, memory) => {
    const method = request.path.split('/').at(-1) ?? '';
    if (method === 'upload') {
      memory.files.set('F1', request.body);
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('OK') };
    }
    const asked = given(request);
    switch (method) {
      case 'auth.test':
        return fine({ user_id: 'U1', team_id: 'T1' });
      case 'conversations.history':
      case 'conversations.replies':
        return listed(asked, 'messages', memory);
      case 'users.list':
        return listed(asked, 'members', memory);
      case 'users.lookupByEmail':
        return fine({ user: { id: 'U1', name: 'ada' } });
      case 'reactions.add':
        return fine({});
      case 'search.messages': {
        const { items, next } = pageOf(
          memory.isEmpty ? [] : CHANNELS,
          Number(asked['page'] ?? 1),
          Number(asked['count'] ?? 20),
        );
        const page = Number(asked['page'] ?? 1);
        const paging = {
          count: items.length,
          total: CHANNELS.length,
          page,
          pages: next === null ? page : next,
        };
        return fine({ query: asked['query'], messages: { matches: items, paging } });
      }
      case 'conversations.list': {
        const { items, next } = pageOf(
          memory.isEmpty ? [] : CHANNELS,
          Number(asked['cursor'] ?? 1),
          Number(asked['limit'] ?? 100),
        );
        return fine({
          channels: items,
          response_metadata: { next_cursor: next === null ? '' : String(next) },
        });
      }
      case 'chat.postMessage': {
        const { channel, text } = asked;
        if (channel === 'C-none') return wrong('channel_not_found');
        if (channel === 'C-busy' && isFirst(memory, 'busy'))
          return { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
        return fine({ channel, ts: '1700000000.000100', message: { text } });
      }
      case 'files.getUploadURLExternal':
        return fine({ upload_url: `${memory.origin}/api/upload`, file_id: 'F1' });
      case 'files.completeUploadExternal':
        return fine({ files: [{ id: 'F1', size: memory.files.get('F1')?.length }] });
      default:
        return null;
    }
  },
};

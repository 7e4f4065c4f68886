/** Google Calendar v3. https://developers.google.com/workspace/calendar/api */

import { jsonOf, pageOf } from '../face.ts';
import { fine, nothing, routed, things } from '../routes.ts';
import { GOOGLE } from './errors.ts';

const EVENTS = '/calendar/v3/calendars/:id/events';
const event = (id: string) => ({ kind: 'calendar#event', id, status: 'confirmed', summary: `Event ${id}` });

export const googleCalendar = routed(GOOGLE, {
  [`GET ${EVENTS}`]: ({ query }, _, memory) => {
    const all = things(memory, 5, (n) => event(`e${n}`));
    const { items, next } = pageOf(
      all,
      Number(query.get('pageToken') ?? 1),
      Number(query.get('maxResults') ?? 250),
    );
    return fine({
      kind: 'calendar#events',
      items,
      ...(next === null ? {} : { nextPageToken: String(next) }),
    });
  },
  [`POST ${EVENTS}`]: ({ body }) => fine({ ...event('e9'), ...jsonOf(body) }),
  [`PATCH ${EVENTS}/:event`]: ({ body }, [, id = '']) => fine({ ...event(id), ...jsonOf(body) }),
  [`DELETE ${EVENTS}/:event`]: () => nothing(204),
  'POST /calendar/v3/freeBusy': ({ body }) => {
    const asked = (jsonOf(body)['items'] ?? []) as readonly { readonly id?: string }[];
    const calendars = asked.map(({ id = '' }) => [
      id,
      id === 'unknown' ? { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] } : { busy: [] },
    ]);
    return fine({ kind: 'calendar#freeBusy', calendars: Object.fromEntries(calendars) });
  },
});

/** Google Calendar: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { googleErrors } from './errors.ts';

export const googleCalendar: ToolSet = {
  provider: 'google-calendar',
  base_url: 'https://www.googleapis.com/calendar/v3',
  errors: googleErrors,
  tools: [
    {
      name: 'calendar_list_events',
      connections: ['google-calendar', 'google'],
      title: 'List events',
      description: 'List or search events of a calendar.',
      method: 'GET',
      path: '/calendars/{calendarId}/events',
      parameters: {
        type: 'object',
        properties: {
          calendarId: {
            type: 'string',
            description: 'Calendar id; primary for the main one.',
            default: 'primary',
          },
          timeMin: {
            type: 'string',
            description: 'RFC 3339 with offset.',
            format: 'date-time',
          },
          timeMax: {
            type: 'string',
            description: 'RFC 3339 with offset.',
            format: 'date-time',
          },
          q: {
            type: 'string',
            description: 'Free text.',
          },
          singleEvents: {
            type: 'boolean',
            description: 'Expand recurring events.',
          },
          orderBy: {
            type: 'string',
            description: 'startTime needs singleEvents.',
            enum: ['startTime', 'updated'],
          },
          maxResults: {
            type: 'integer',
            description: '1-2500.',
            minimum: 1,
            maximum: 2500,
          },
          pageToken: {
            type: 'string',
            description: 'Cursor.',
          },
        },
        required: ['calendarId'],
        additionalProperties: false,
      },
      where: {
        calendarId: 'path',
        timeMin: 'query',
        timeMax: 'query',
        q: 'query',
        singleEvents: 'query',
        orderBy: 'query',
        maxResults: 'query',
        pageToken: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/calendar.events.readonly'],
        ['https://www.googleapis.com/auth/calendar.readonly'],
        ['https://www.googleapis.com/auth/calendar.events'],
        ['https://www.googleapis.com/auth/calendar'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      pagination: {
        kind: 'cursor',
        param: 'pageToken',
        from: 'nextPageToken',
        size: 'maxResults',
      },
      result: 'items',
      result_type: 'array',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id calendar.events.list',
      ],
      verified_against:
        'Google discovery calendar.events.list revision 20260708 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'calendar_create_event',
      connections: ['google-calendar', 'google'],
      title: 'Create an event',
      description: 'Create an event.',
      method: 'POST',
      path: '/calendars/{calendarId}/events',
      parameters: {
        type: 'object',
        properties: {
          calendarId: {
            type: 'string',
            description: 'Calendar id; primary for the main one.',
            default: 'primary',
          },
          summary: {
            type: 'string',
            description: 'Title.',
          },
          start: {
            type: 'object',
            description: '{dateTime, timeZone} or {date}.',
            additionalProperties: true,
          },
          end: {
            type: 'object',
            description: '{dateTime, timeZone} or {date}.',
            additionalProperties: true,
          },
          description: {
            type: 'string',
            description: 'Text.',
          },
          location: {
            type: 'string',
            description: 'Place.',
          },
          attendees: {
            type: 'array',
            description: 'Guests.',
            items: {
              type: 'object',
              description: '{email, optional}',
              additionalProperties: true,
            },
          },
          sendUpdates: {
            type: 'string',
            description: 'Whom to notify.',
            enum: ['all', 'externalOnly', 'none'],
          },
          conferenceDataVersion: {
            type: 'integer',
            description: '1 to make a Meet link with conferenceData.createRequest.',
            enum: [0, 1],
          },
        },
        required: ['calendarId', 'summary', 'start', 'end'],
        additionalProperties: false,
      },
      where: {
        calendarId: 'path',
        summary: 'body',
        start: 'body',
        end: 'body',
        description: 'body',
        location: 'body',
        attendees: 'body',
        sendUpdates: 'query',
        conferenceDataVersion: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/calendar.events'],
        ['https://www.googleapis.com/auth/calendar'],
      ],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id calendar.events.insert',
      ],
      verified_against:
        'Google discovery calendar.events.insert revision 20260708 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'calendar_update_event',
      connections: ['google-calendar', 'google'],
      title: 'Update an event',
      description: 'Change fields of an event.',
      method: 'PATCH',
      path: '/calendars/{calendarId}/events/{eventId}',
      parameters: {
        type: 'object',
        properties: {
          calendarId: {
            type: 'string',
            description: 'Calendar id; primary for the main one.',
            default: 'primary',
          },
          eventId: {
            type: 'string',
            description: 'Event id.',
          },
          summary: {
            type: 'string',
            description: 'Title.',
          },
          start: {
            type: 'object',
            description: 'Start.',
            additionalProperties: true,
          },
          end: {
            type: 'object',
            description: 'End.',
            additionalProperties: true,
          },
          description: {
            type: 'string',
            description: 'Text.',
          },
          attendees: {
            type: 'array',
            description: 'Replaces the guest list.',
            items: {
              type: 'object',
              description: '{email}',
              additionalProperties: true,
            },
          },
          sendUpdates: {
            type: 'string',
            description: 'Whom to notify.',
            enum: ['all', 'externalOnly', 'none'],
          },
        },
        required: ['calendarId', 'eventId'],
        additionalProperties: false,
      },
      where: {
        calendarId: 'path',
        eventId: 'path',
        summary: 'body',
        start: 'body',
        end: 'body',
        description: 'body',
        attendees: 'body',
        sendUpdates: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/calendar.events'],
        ['https://www.googleapis.com/auth/calendar'],
      ],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id calendar.events.patch',
      ],
      verified_against:
        'Google discovery calendar.events.patch revision 20260708 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'calendar_delete_event',
      connections: ['google-calendar', 'google'],
      title: 'Delete an event',
      description: 'Delete an event.',
      method: 'DELETE',
      path: '/calendars/{calendarId}/events/{eventId}',
      parameters: {
        type: 'object',
        properties: {
          calendarId: {
            type: 'string',
            description: 'Calendar id; primary for the main one.',
            default: 'primary',
          },
          eventId: {
            type: 'string',
            description: 'Event id.',
          },
          sendUpdates: {
            type: 'string',
            description: 'Whom to notify.',
            enum: ['all', 'externalOnly', 'none'],
          },
        },
        required: ['calendarId', 'eventId'],
        additionalProperties: false,
      },
      where: {
        calendarId: 'path',
        eventId: 'path',
        sendUpdates: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/calendar.events'],
        ['https://www.googleapis.com/auth/calendar'],
      ],
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      empty_status: [204],
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id calendar.events.delete',
      ],
      verified_against:
        'Google discovery calendar.events.delete revision 20260708 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'calendar_free_busy',
      connections: ['google-calendar', 'google'],
      title: 'Find busy times',
      description: 'Busy intervals of calendars.',
      method: 'POST',
      path: '/freeBusy',
      parameters: {
        type: 'object',
        properties: {
          timeMin: {
            type: 'string',
            description: 'RFC 3339.',
            format: 'date-time',
          },
          timeMax: {
            type: 'string',
            description: 'RFC 3339.',
            format: 'date-time',
          },
          items: {
            type: 'array',
            description: 'Calendars.',
            items: {
              type: 'object',
              description: '{id}',
              additionalProperties: true,
            },
          },
          timeZone: {
            type: 'string',
            description: 'IANA zone.',
          },
        },
        required: ['timeMin', 'timeMax', 'items'],
        additionalProperties: false,
      },
      where: {
        timeMin: 'body',
        timeMax: 'body',
        items: 'body',
        timeZone: 'body',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/calendar.freebusy'],
        ['https://www.googleapis.com/auth/calendar.readonly'],
        ['https://www.googleapis.com/auth/calendar'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      partial_when: [
        {
          at: 'calendars.*.errors',
        },
        {
          at: 'groups.*.errors',
        },
      ],
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id calendar.freebusy.query',
      ],
      verified_against:
        'Google discovery calendar.freebusy.query revision 20260708 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
  ],
};

/** Outlook calendar: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { graphErrors } from './errors.ts';

export const outlookCalendar: ToolSet = {
  provider: 'outlook-calendar',
  base_url: 'https://graph.microsoft.com/v1.0',
  errors: graphErrors,
  tools: [
    {
      name: 'outlook_calendar_view',
      connections: ['outlook-calendar', 'microsoft'],
      title: 'List events',
      description: 'Events between two instants, recurring ones expanded.',
      method: 'GET',
      path: '/me/calendarView',
      parameters: {
        type: 'object',
        properties: {
          startDateTime: {
            type: 'string',
            description: 'ISO time.',
            format: 'date-time',
          },
          endDateTime: {
            type: 'string',
            description: 'ISO time.',
            format: 'date-time',
          },
          select: {
            type: 'string',
            description: 'Comma-separated fields.',
          },
          top: {
            type: 'integer',
            description: '1-1000.',
            minimum: 1,
            maximum: 1000,
          },
        },
        required: ['startDateTime', 'endDateTime'],
        additionalProperties: false,
      },
      where: {
        startDateTime: 'query',
        endDateTime: 'query',
        select: 'query',
        top: 'query',
      },
      wire_names: {
        select: '$select',
        top: '$top',
      },
      scopes_any: [['Calendars.Read'], ['Calendars.ReadWrite']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      pagination: {
        kind: 'url',
        from: '@odata.nextLink',
        size: 'top',
      },
      result: 'value',
      result_type: 'array',
      notes: 'Prefer: outlook.timezone="…" sets the zone.',
      sources: ['https://learn.microsoft.com/graph/api/calendar-list-calendarview'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
    {
      name: 'outlook_create_event',
      connections: ['outlook-calendar', 'microsoft'],
      title: 'Create an event',
      description: 'Create an event.',
      method: 'POST',
      path: '/me/events',
      parameters: {
        type: 'object',
        properties: {
          subject: {
            type: 'string',
            description: 'Title.',
          },
          start: {
            type: 'object',
            description: '{dateTime, timeZone}',
            additionalProperties: true,
          },
          end: {
            type: 'object',
            description: '{dateTime, timeZone}',
            additionalProperties: true,
          },
          body: {
            type: 'object',
            description: '{contentType, content}',
            additionalProperties: true,
          },
          attendees: {
            type: 'array',
            description: 'Guests.',
            items: {
              type: 'object',
              description: '{emailAddress:{address,name}, type}',
              additionalProperties: true,
            },
          },
          location: {
            type: 'object',
            description: '{displayName}',
            additionalProperties: true,
          },
          isOnlineMeeting: {
            type: 'boolean',
            description: 'Make a Teams meeting.',
          },
        },
        required: ['subject', 'start', 'end'],
        additionalProperties: false,
      },
      where: {
        subject: 'body',
        start: 'body',
        end: 'body',
        body: 'body',
        attendees: 'body',
        location: 'body',
        isOnlineMeeting: 'body',
      },
      scopes_any: [['Calendars.ReadWrite']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: ['https://learn.microsoft.com/graph/api/user-post-events'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
    {
      name: 'outlook_update_event',
      connections: ['outlook-calendar', 'microsoft'],
      title: 'Update an event',
      description: 'Change an event.',
      method: 'PATCH',
      path: '/me/events/{eventId}',
      parameters: {
        type: 'object',
        properties: {
          eventId: {
            type: 'string',
            description: 'Event id.',
          },
          subject: {
            type: 'string',
            description: 'Title.',
          },
          start: {
            type: 'object',
            description: '{dateTime, timeZone}',
            additionalProperties: true,
          },
          end: {
            type: 'object',
            description: '{dateTime, timeZone}',
            additionalProperties: true,
          },
          attendees: {
            type: 'array',
            description: 'Replaces the guest list.',
            items: {
              type: 'object',
              description: '{emailAddress:{address}}',
              additionalProperties: true,
            },
          },
        },
        required: ['eventId'],
        additionalProperties: false,
      },
      where: {
        eventId: 'path',
        subject: 'body',
        start: 'body',
        end: 'body',
        attendees: 'body',
      },
      scopes_any: [['Calendars.ReadWrite']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: ['https://learn.microsoft.com/graph/api/event-update'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
  ],
};

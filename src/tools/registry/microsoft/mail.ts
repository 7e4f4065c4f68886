/** Outlook mail: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { graphErrors } from './errors.ts';

export const outlookMail: ToolSet = {
  provider: 'outlook',
  base_url: 'https://graph.microsoft.com/v1.0',
  errors: graphErrors,
  tools: [
    {
      name: 'outlook_search_messages',
      connections: ['outlook', 'microsoft'],
      title: 'Search mail',
      description: 'List or search messages.',
      method: 'GET',
      path: '/me/messages',
      parameters: {
        type: 'object',
        properties: {
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
          search: {
            type: 'string',
            description: 'KQL in double quotes; not together with $filter or $orderby.',
          },
          filter: {
            type: 'string',
            description: 'OData filter.',
          },
          orderby: {
            type: 'string',
            description: 'Such as receivedDateTime desc.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        select: 'query',
        top: 'query',
        search: 'query',
        filter: 'query',
        orderby: 'query',
      },
      wire_names: {
        select: '$select',
        top: '$top',
        search: '$search',
        filter: '$filter',
        orderby: '$orderby',
      },
      scopes_any: [['Mail.Read'], ['Mail.ReadWrite']],
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
      sources: ['https://learn.microsoft.com/graph/api/user-list-messages'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
    {
      name: 'outlook_get_message',
      connections: ['outlook', 'microsoft'],
      title: 'Read a message',
      description: 'Read one message.',
      method: 'GET',
      path: '/me/messages/{messageId}',
      parameters: {
        type: 'object',
        properties: {
          messageId: {
            type: 'string',
            description: 'Message id.',
          },
          select: {
            type: 'string',
            description: 'Comma-separated fields.',
          },
        },
        required: ['messageId'],
        additionalProperties: false,
      },
      where: {
        messageId: 'path',
        select: 'query',
      },
      wire_names: {
        select: '$select',
      },
      scopes_any: [['Mail.Read'], ['Mail.ReadWrite']],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      notes: 'Prefer: outlook.body-content-type="text" gives plain text.',
      sources: ['https://learn.microsoft.com/graph/api/message-get'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
    {
      name: 'outlook_send_mail',
      connections: ['outlook', 'microsoft'],
      title: 'Send mail',
      description: 'Send an email as the user.',
      method: 'POST',
      path: '/me/sendMail',
      parameters: {
        type: 'object',
        properties: {
          message: {
            type: 'object',
            description: '{subject, body:{contentType, content}, toRecipients:[{emailAddress:{address}}]}',
            additionalProperties: true,
          },
          saveToSentItems: {
            type: 'boolean',
            description: 'Default true.',
          },
        },
        required: ['message'],
        additionalProperties: false,
      },
      where: {
        message: 'body',
        saveToSentItems: 'body',
      },
      scopes_any: [['Mail.Send']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      empty_status: [202],
      notes: '202 without a body.',
      sources: ['https://learn.microsoft.com/graph/api/user-sendmail'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
    {
      name: 'outlook_reply',
      connections: ['outlook', 'microsoft'],
      title: 'Reply',
      description: 'Reply to a message.',
      method: 'POST',
      path: '/me/messages/{messageId}/reply',
      parameters: {
        type: 'object',
        properties: {
          messageId: {
            type: 'string',
            description: 'Message id.',
          },
          comment: {
            type: 'string',
            description: 'Text of the reply.',
          },
        },
        required: ['messageId', 'comment'],
        additionalProperties: false,
      },
      where: {
        messageId: 'path',
        comment: 'body',
      },
      scopes_any: [['Mail.Send']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      empty_status: [202],
      notes: '202 without a body.',
      sources: ['https://learn.microsoft.com/graph/api/message-reply'],
      verified_against: '@softeria/ms-365-mcp-server 0.155.0 endpoints.json (from Graph v1.0 OpenAPI)',
      confidence: 'high',
    },
  ],
};

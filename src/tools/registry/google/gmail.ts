/** Gmail: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { googleErrors } from './errors.ts';

export const gmail: ToolSet = {
  provider: 'google-gmail',
  base_url: 'https://gmail.googleapis.com/gmail/v1',
  errors: googleErrors,
  tools: [
    {
      name: 'gmail_search_messages',
      connections: ['google-gmail', 'google'],
      title: 'Search mail',
      description: 'List message ids that match a Gmail query.',
      method: 'GET',
      path: '/users/me/messages',
      parameters: {
        type: 'object',
        properties: {
          q: {
            type: 'string',
            description: 'Gmail search, such as from:ann newer_than:7d.',
          },
          labelIds: {
            type: 'array',
            description: 'Only with all of these labels (repeated key).',
            items: {
              type: 'string',
            },
          },
          maxResults: {
            type: 'integer',
            description: '1-500.',
            minimum: 1,
            maximum: 500,
          },
          pageToken: {
            type: 'string',
            description: 'Cursor.',
          },
          includeSpamTrash: {
            type: 'boolean',
            description: 'Also spam and trash.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        q: 'query',
        labelIds: 'query',
        maxResults: 'query',
        pageToken: 'query',
        includeSpamTrash: 'query',
      },
      repeated: ['labelIds'],
      scopes_any: [
        ['https://www.googleapis.com/auth/gmail.readonly'],
        ['https://www.googleapis.com/auth/gmail.modify'],
        ['https://mail.google.com/'],
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
      result: 'messages',
      result_type: 'array',
      empty_when: {
        at: 'resultSizeEstimate',
        equals: 0,
      },
      notes: 'q does not work with gmail.metadata alone, so that scope is left out.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.messages.list',
      ],
      verified_against:
        'Google discovery gmail.users.messages.list revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'gmail_get_message',
      connections: ['google-gmail', 'google'],
      title: 'Read a message',
      description: 'Read one message.',
      method: 'GET',
      path: '/users/me/messages/{id}',
      parameters: {
        type: 'object',
        properties: {
          id: {
            type: 'string',
            description: 'Message id.',
          },
          format: {
            type: 'string',
            description: 'full, metadata, minimal or raw.',
            enum: ['full', 'metadata', 'minimal', 'raw'],
          },
          metadataHeaders: {
            type: 'array',
            description: 'Headers to include with metadata (repeated key).',
            items: {
              type: 'string',
            },
          },
        },
        required: ['id'],
        additionalProperties: false,
      },
      where: {
        id: 'path',
        format: 'query',
        metadataHeaders: 'query',
      },
      repeated: ['metadataHeaders'],
      scopes_any: [
        ['https://www.googleapis.com/auth/gmail.readonly'],
        ['https://www.googleapis.com/auth/gmail.modify'],
        ['https://www.googleapis.com/auth/gmail.metadata'],
        ['https://mail.google.com/'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      notes: 'Bodies are base64url inside payload.parts.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.messages.get',
      ],
      verified_against:
        'Google discovery gmail.users.messages.get revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'gmail_get_thread',
      connections: ['google-gmail', 'google'],
      title: 'Read a thread',
      description: 'Read all messages of a thread.',
      method: 'GET',
      path: '/users/me/threads/{id}',
      parameters: {
        type: 'object',
        properties: {
          id: {
            type: 'string',
            description: 'Thread id.',
          },
          format: {
            type: 'string',
            description: 'full, metadata or minimal.',
            enum: ['full', 'metadata', 'minimal'],
          },
        },
        required: ['id'],
        additionalProperties: false,
      },
      where: {
        id: 'path',
        format: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/gmail.readonly'],
        ['https://www.googleapis.com/auth/gmail.modify'],
        ['https://www.googleapis.com/auth/gmail.metadata'],
        ['https://mail.google.com/'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.threads.get',
      ],
      verified_against:
        'Google discovery gmail.users.threads.get revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'gmail_send_message',
      connections: ['google-gmail', 'google'],
      title: 'Send mail',
      description: 'Send an email as the user.',
      method: 'POST',
      path: '/users/me/messages/send',
      parameters: {
        type: 'object',
        properties: {
          to: {
            type: 'array',
            description: 'Recipients.',
            items: {
              type: 'string',
            },
          },
          cc: {
            type: 'array',
            description: 'Copy.',
            items: {
              type: 'string',
            },
          },
          bcc: {
            type: 'array',
            description: 'Blind copy.',
            items: {
              type: 'string',
            },
          },
          subject: {
            type: 'string',
            description: 'Subject.',
          },
          text: {
            type: 'string',
            description: 'Plain text body.',
          },
          threadId: {
            type: 'string',
            description: 'Thread to answer in.',
          },
          in_reply_to: {
            type: 'string',
            description: 'Message-ID header of the message answered.',
          },
        },
        required: ['to', 'subject', 'text'],
        additionalProperties: false,
      },
      where: {
        to: 'compose',
        cc: 'compose',
        bcc: 'compose',
        subject: 'compose',
        text: 'compose',
        threadId: 'body',
        in_reply_to: 'compose',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/gmail.send'],
        ['https://www.googleapis.com/auth/gmail.compose'],
        ['https://www.googleapis.com/auth/gmail.modify'],
        ['https://mail.google.com/'],
      ],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      compose: 'raw',
      result_type: 'object',
      notes:
        'Body is {raw: base64url(RFC 5322 message), threadId}; needs a small builder in code (header-injection check on every value), not a template.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.messages.send',
      ],
      verified_against:
        'Google discovery gmail.users.messages.send revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'gmail_create_draft',
      connections: ['google-gmail', 'google'],
      title: 'Create a draft',
      description: 'Save a draft.',
      method: 'POST',
      path: '/users/me/drafts',
      parameters: {
        type: 'object',
        properties: {
          to: {
            type: 'array',
            description: 'Recipients.',
            items: {
              type: 'string',
            },
          },
          cc: {
            type: 'array',
            description: 'Copy.',
            items: {
              type: 'string',
            },
          },
          bcc: {
            type: 'array',
            description: 'Blind copy.',
            items: {
              type: 'string',
            },
          },
          subject: {
            type: 'string',
            description: 'Subject.',
          },
          text: {
            type: 'string',
            description: 'Plain text body.',
          },
          threadId: {
            type: 'string',
            description: 'Thread to answer in.',
          },
          in_reply_to: {
            type: 'string',
            description: 'Message-ID header of the message answered.',
          },
        },
        required: ['to', 'subject', 'text'],
        additionalProperties: false,
      },
      where: {
        to: 'compose',
        cc: 'compose',
        bcc: 'compose',
        subject: 'compose',
        text: 'compose',
        threadId: 'body',
        in_reply_to: 'compose',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/gmail.compose'],
        ['https://www.googleapis.com/auth/gmail.modify'],
        ['https://mail.google.com/'],
      ],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      compose: 'message.raw',
      result_type: 'object',
      notes: 'Body is {message: {raw, threadId}}.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.drafts.create',
      ],
      verified_against:
        'Google discovery gmail.users.drafts.create revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'gmail_modify_labels',
      connections: ['google-gmail', 'google'],
      title: 'Change labels',
      description: 'Add or remove labels (archive is removing INBOX, read is removing UNREAD).',
      method: 'POST',
      path: '/users/me/messages/{id}/modify',
      parameters: {
        type: 'object',
        properties: {
          id: {
            type: 'string',
            description: 'Message id.',
          },
          addLabelIds: {
            type: 'array',
            description: 'Labels to add.',
            items: {
              type: 'string',
            },
          },
          removeLabelIds: {
            type: 'array',
            description: 'Labels to remove.',
            items: {
              type: 'string',
            },
          },
        },
        required: ['id'],
        additionalProperties: false,
      },
      where: {
        id: 'path',
        addLabelIds: 'body',
        removeLabelIds: 'body',
      },
      scopes_any: [['https://www.googleapis.com/auth/gmail.modify'], ['https://mail.google.com/']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id gmail.users.messages.modify',
      ],
      verified_against:
        'Google discovery gmail.users.messages.modify revision 20260727 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
  ],
};

/** Google Drive: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { googleErrors } from './errors.ts';

export const googleDrive: ToolSet = {
  provider: 'google-drive',
  base_url: 'https://www.googleapis.com/drive/v3',
  errors: googleErrors,
  tools: [
    {
      name: 'drive_search_files',
      connections: ['google-drive', 'google'],
      title: 'Search files',
      description: 'Find files by a Drive query.',
      method: 'GET',
      path: '/files',
      parameters: {
        type: 'object',
        properties: {
          q: {
            type: 'string',
            description: "Drive query, such as name contains 'plan' and trashed = false.",
          },
          pageSize: {
            type: 'integer',
            description: '1-1000.',
            minimum: 1,
            maximum: 1000,
          },
          orderBy: {
            type: 'string',
            description: 'Such as modifiedTime desc.',
          },
          fields: {
            type: 'string',
            description: 'Partial response, such as files(id,name,mimeType).',
          },
          pageToken: {
            type: 'string',
            description: 'Cursor.',
          },
          supportsAllDrives: {
            type: 'boolean',
            description: 'Shared drives too.',
          },
          includeItemsFromAllDrives: {
            type: 'boolean',
            description: 'Shared drives too.',
          },
        },
        required: [],
        additionalProperties: false,
      },
      where: {
        q: 'query',
        pageSize: 'query',
        orderBy: 'query',
        fields: 'query',
        pageToken: 'query',
        supportsAllDrives: 'query',
        includeItemsFromAllDrives: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/drive.metadata.readonly'],
        ['https://www.googleapis.com/auth/drive.metadata'],
        ['https://www.googleapis.com/auth/drive.readonly'],
        ['https://www.googleapis.com/auth/drive.file'],
        ['https://www.googleapis.com/auth/drive'],
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
        size: 'pageSize',
      },
      result: 'files',
      result_type: 'array',
      partial_when: [
        {
          at: 'incompleteSearch',
          equals: true,
        },
      ],
      notes: 'drive.file sees only files that the app made or the user picked.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id drive.files.list',
      ],
      verified_against:
        'Google discovery drive.files.list revision 20260916 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'drive_get_file',
      connections: ['google-drive', 'google'],
      title: 'File facts',
      description: 'Read metadata of a file.',
      method: 'GET',
      path: '/files/{fileId}',
      parameters: {
        type: 'object',
        properties: {
          fileId: {
            type: 'string',
            description: 'File id.',
          },
          fields: {
            type: 'string',
            description: 'Partial response, such as files(id,name,mimeType).',
          },
          supportsAllDrives: {
            type: 'boolean',
            description: 'Shared drives too.',
          },
        },
        required: ['fileId'],
        additionalProperties: false,
      },
      where: {
        fileId: 'path',
        fields: 'query',
        supportsAllDrives: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/drive.metadata.readonly'],
        ['https://www.googleapis.com/auth/drive.metadata'],
        ['https://www.googleapis.com/auth/drive.readonly'],
        ['https://www.googleapis.com/auth/drive.file'],
        ['https://www.googleapis.com/auth/drive'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id drive.files.get',
      ],
      verified_against:
        'Google discovery drive.files.get revision 20260916 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'drive_export_file',
      connections: ['google-drive', 'google'],
      title: 'Export a Google document',
      description: 'Text or other export of a Docs, Sheets or Slides file.',
      method: 'GET',
      path: '/files/{fileId}/export',
      parameters: {
        type: 'object',
        properties: {
          fileId: {
            type: 'string',
            description: 'File id.',
          },
          mimeType: {
            type: 'string',
            description: 'text/plain, text/csv, text/markdown, application/pdf, …',
          },
        },
        required: ['fileId', 'mimeType'],
        additionalProperties: false,
      },
      where: {
        fileId: 'path',
        mimeType: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/drive.readonly'],
        ['https://www.googleapis.com/auth/drive.file'],
        ['https://www.googleapis.com/auth/drive'],
      ],
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
      result_type: 'text',
      notes: 'Answer is not JSON; at most 10 MB.',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id drive.files.export',
      ],
      verified_against:
        'Google discovery drive.files.export revision 20260916 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'drive_share_file',
      connections: ['google-drive', 'google'],
      title: 'Share a file',
      description: 'Give somebody access.',
      method: 'POST',
      path: '/files/{fileId}/permissions',
      parameters: {
        type: 'object',
        properties: {
          fileId: {
            type: 'string',
            description: 'File id.',
          },
          role: {
            type: 'string',
            description: 'reader, commenter or writer.',
            enum: ['reader', 'commenter', 'writer'],
          },
          type: {
            type: 'string',
            description: 'user, group, domain or anyone.',
            enum: ['user', 'group', 'domain', 'anyone'],
          },
          emailAddress: {
            type: 'string',
            description: 'For user and group.',
          },
          sendNotificationEmail: {
            type: 'boolean',
            description: 'Tell them.',
          },
        },
        required: ['fileId', 'role', 'type'],
        additionalProperties: false,
      },
      where: {
        fileId: 'path',
        role: 'body',
        type: 'body',
        emailAddress: 'body',
        sendNotificationEmail: 'query',
      },
      scopes_any: [['https://www.googleapis.com/auth/drive.file'], ['https://www.googleapis.com/auth/drive']],
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
      body_encoding: 'json',
      result_type: 'object',
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id drive.permissions.create',
      ],
      verified_against:
        'Google discovery drive.permissions.create revision 20260916 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
  ],
};

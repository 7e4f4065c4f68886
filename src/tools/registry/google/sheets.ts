/** Google Sheets: tools as data. */

import type { ToolSet } from '../../tool.ts';
import { googleErrors } from './errors.ts';

export const googleSheets: ToolSet = {
  provider: 'google-sheets',
  base_url: 'https://sheets.googleapis.com/v4',
  errors: googleErrors,
  tools: [
    {
      name: 'sheets_read_values',
      connections: ['google-sheets', 'google'],
      title: 'Read cells',
      description: 'Read a range.',
      method: 'GET',
      path: '/spreadsheets/{spreadsheetId}/values/{range}',
      parameters: {
        type: 'object',
        properties: {
          spreadsheetId: {
            type: 'string',
            description: 'Spreadsheet id.',
          },
          range: {
            type: 'string',
            description: 'A1 notation.',
          },
          valueRenderOption: {
            type: 'string',
            description: 'How values are shown.',
            enum: ['FORMATTED_VALUE', 'UNFORMATTED_VALUE', 'FORMULA'],
          },
        },
        required: ['spreadsheetId', 'range'],
        additionalProperties: false,
      },
      where: {
        spreadsheetId: 'path',
        range: 'path',
        valueRenderOption: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/spreadsheets.readonly'],
        ['https://www.googleapis.com/auth/spreadsheets'],
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
      result: 'values',
      result_type: 'array',
      empty_when: {
        at: 'range',
      },
      sources: [
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id sheets.spreadsheets.values.get',
      ],
      verified_against:
        'Google discovery sheets.spreadsheets.values.get revision 20260921 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
    {
      name: 'sheets_append_rows',
      connections: ['google-sheets', 'google'],
      title: 'Append rows',
      description: 'Append rows after a table.',
      method: 'POST',
      path: '/spreadsheets/{spreadsheetId}/values/{range}:append',
      parameters: {
        type: 'object',
        properties: {
          spreadsheetId: {
            type: 'string',
            description: 'Spreadsheet id.',
          },
          range: {
            type: 'string',
            description: 'A1 notation.',
          },
          values: {
            type: 'array',
            description: 'Rows.',
            items: {
              type: 'array',
              description: 'Cells.',
              items: {
                type: 'string',
              },
            },
          },
          valueInputOption: {
            type: 'string',
            description: 'RAW or USER_ENTERED.',
            enum: ['RAW', 'USER_ENTERED'],
            default: 'USER_ENTERED',
          },
        },
        required: ['spreadsheetId', 'range', 'values', 'valueInputOption'],
        additionalProperties: false,
      },
      where: {
        spreadsheetId: 'path',
        range: 'path',
        values: 'body',
        valueInputOption: 'query',
      },
      scopes_any: [
        ['https://www.googleapis.com/auth/spreadsheets'],
        ['https://www.googleapis.com/auth/drive.file'],
        ['https://www.googleapis.com/auth/drive'],
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
        'https://developers.google.com/resources/api-libraries/documentation ; discovery id sheets.spreadsheets.values.append',
      ],
      verified_against:
        'Google discovery sheets.spreadsheets.values.append revision 20260921 (google-api-python-client 2.201.0)',
      confidence: 'high',
    },
  ],
};

/** Google Sheets v4. A range without a value leaves `values` out. https://developers.google.com/workspace/sheets/api */

import { fine, routed, things } from '../routes.ts';
import { GOOGLE } from './errors.ts';

export const googleSheets = routed(GOOGLE, {
  'GET /v4/spreadsheets/:id/values/:range': (_, [, range = ''], memory) => {
    const values = things(memory, 2, (n) => [String(n), 'x']);
    return fine({ range, majorDimension: 'ROWS', ...(values.length === 0 ? {} : { values }) });
  },
  'POST /v4/spreadsheets/:id/values/:range': (_, [spreadsheetId = '', range = '']) =>
    range.endsWith(':append') ? fine({ spreadsheetId, updates: { spreadsheetId, updatedRows: 1 } }) : null,
});

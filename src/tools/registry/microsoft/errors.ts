/** What the errors of Microsoft Graph look like. */

import type { ErrorFacts } from '../../tool.ts';

export const graphErrors: ErrorFacts = {
  message: 'error.message',
  code: 'error.code',
  rate_limited: [
    {
      status: 429,
    },
  ],
};

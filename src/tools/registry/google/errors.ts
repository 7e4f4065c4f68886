/** What the errors of Google's APIs look like. */

import type { ErrorFacts } from '../../tool.ts';

export const googleErrors: ErrorFacts = {
  message: 'error.message',
  code: 'error.errors[0].reason | error.details[].reason | error.status',
  rate_limited: [
    {
      status: 429,
    },
    {
      status: 403,
      code: ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED'],
    },
  ],
};

/** Refusals as Google's APIs write them. */

import type { ApiAnswer } from '../face.ts';
import type { Refusals } from '../routes.ts';

const googleRefusal = (code: number, reason: string, status: string, message: string): ApiAnswer => ({
  status: code,
  body: { error: { code, message, status, errors: [{ message, domain: 'global', reason }] } },
});

export const GOOGLE: Refusals = {
  refused: {
    ...googleRefusal(401, 'authError', 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  missing: googleRefusal(404, 'notFound', 'NOT_FOUND', 'Requested entity was not found.'),
};

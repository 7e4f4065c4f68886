/** Whether a page or JSON is the better answer to an `Accept` header (RFC 9110, 12.5.1). */

import { parseAccept } from 'hono/utils/accept';

interface Fit {
  /** 0 refuses the type. */
  readonly quality: number;
  /** Of the range that decides: 0 for none, 1 for every type, 2 for the types of one family, 3 for the type itself. */
  readonly specificity: number;
}

/** The most specific range decides; wider ranges have no say then. */
function fitOf(ranges: ReturnType<typeof parseAccept>, type: string): Fit {
  const spellings = ['*/*', `${type.split('/')[0]}/*`, type];
  let best: Fit = { quality: 0, specificity: 0 };
  for (const range of ranges) {
    const specificity = spellings.indexOf(range.type.toLowerCase()) + 1;
    if (specificity > best.specificity) best = { quality: range.q, specificity };
  }
  return best;
}

/**
 * A page is sent to a client that prefers it to JSON or, where both are as welcome, names it more closely. So programs that
 * take anything get JSON, and browsers, which take anything too, get a page.
 */
export function prefersPage(accept: string | undefined): boolean {
  const ranges = parseAccept(accept ?? '');
  const page = fitOf(ranges, 'text/html');
  const json = fitOf(ranges, 'application/json');
  if (page.quality !== json.quality) return page.quality > json.quality;
  return page.quality > 0 && page.specificity > json.specificity;
}

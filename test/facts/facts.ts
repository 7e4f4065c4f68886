/** The shape of the facts that the catalogue was made from: one object per provider, by the names that it keeps. */

import type { DescriptorInput } from '#providers/descriptor.ts';

export interface FactRow {
  status: number | '5xx' | null;
  error: string | null;
  field?: string;
  field_alt?: string;
  description_contains: string | null;
  error_codes?: number[];
  error_subtype?: string;
  means?: string;
  recovery: string;
}

/** One provider. Keys that the catalogue takes as they are stand in `DescriptorInput`. */
export interface Facts extends Omit<
  DescriptorInput,
  | 'terminal_refresh_errors'
  | 'transient_refresh_errors'
  | 'token_response_success_check'
  | 'url_template_vars'
  | 'source'
  | 'unverified_fields'
> {
  terminal_refresh_errors: FactRow[];
  transient_refresh_errors: FactRow[];
  /** True: nothing but the plain mapping of RFC 6749. */
  terminal_refresh_errors_generic: boolean;
  /** A sentence such as `ok === true`. */
  token_response_success_check: string | null;
  url_template_vars: Record<
    string,
    { name: string; required: boolean; default?: string | null; pattern: string; source?: string }
  >;
  expires_in_returned: boolean | null;
  api_expiry_signals: string[];
  source: string[];
  evidence: string;
  unverified_fields: string[];
}

/** Rows that hold for every provider whatever it is: classify.ts knows them without being told. */
export function isUniversal(row: FactRow): boolean {
  if (row.error === 'network_error') return true;
  return (
    row.error === null && row.description_contains === null && (row.status === 429 || row.status === '5xx')
  );
}

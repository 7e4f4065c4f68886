/**
 * What a challenge says (`WWW-Authenticate` of a 401): where the server's metadata lies, and which scopes it wants. Pure.
 *
 * Sources: RFC 9110 section 11.6.1, RFC 9728 section 5.1, RFC 6750 section 3.
 */

export interface Challenge {
  /** URL of the resource metadata; null: not said. */
  readonly metadataUrl: string | null;
  /** Null: not said. */
  readonly scope: string | null;
}

/** A parameter's value as a token or a quoted string; names in any case. */
const PARAMETER = /(?:^|[\s,])([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;
const MAX_HEADER = 8192;

/** @param header all challenges of the answer in one text, or undefined where there is none */
export function readChallenge(header: string | undefined): Challenge {
  const values = new Map<string, string>();
  for (const [, name = '', quoted, token = ''] of (header ?? '').slice(0, MAX_HEADER).matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    if (!values.has(key)) values.set(key, quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, '$1'));
  }
  return { metadataUrl: values.get('resource_metadata') ?? null, scope: values.get('scope') ?? null };
}

/**
 * What a credential does to a request, as data: the headers and the parameters of the URL that it adds, and the texts
 * that no answer may repeat. Made at the account's door from a descriptor and a decrypted credential, applied where
 * requests leave (`egress/injector`). Pure; it keeps nothing.
 */

import { isHttpUrl, type Descriptor } from '../descriptor.ts';
import { credentialHeaders } from '../requests/headers.ts';
import { secretsIn, signingOf, type Signing, type SigningClient } from '../signing/signing.ts';
import { credentialQuery } from './query.ts';

type Texts = Readonly<Record<string, string>>;
type Templates = Pick<Descriptor, 'token_header' | 'token_query' | 'no_credential'>;
type SigningFacts = Pick<Descriptor, 'signer' | 'signer_service' | 'signer_regions' | 'api_base_urls'>;

export interface Injection {
  /** By header name, which replaces every header of that name. */
  readonly headers: Texts;
  /** By parameter of the URL, not encoded; it replaces every parameter of that name. */
  readonly query: Texts;
  /** What an answer must not hold, however it is encoded. */
  readonly hunted: readonly string[];
  /** What signs the request, once all else is in it; left out: nothing does. */
  readonly signing?: Signing;
}

/** What a call needs to know of its account beside the credential. */
export interface CallFacts {
  readonly accountId: string;
  readonly connection: string;
  readonly identifier: string;
  /** Its name in the catalogue, or `custom`. */
  readonly provider: string;
  /** Filled in, in the descriptor's order. */
  readonly apiBaseUrls: readonly string[];
  /** Headers of this API that a caller may set, in lower case. */
  readonly requestHeaders: readonly string[];
  /** Headers of this API's answers that go back, in lower case. */
  readonly responseHeaders: readonly string[];
  /** How this API says that a token is dead. */
  readonly signs: Pick<Descriptor, 'api_signals' | 'api_dead_token_signals_with_200' | 'signer'>;
}

/**
 * An injection on its way from the account to where requests leave, with what has to be known of it there. All of it is
 * plain but one text, the JSON of the `Injection`, which is secret: a string on the wire, wrapped at once behind it.
 */
export interface ReleasedInjection<Text> extends CallFacts {
  /** Where the credential may go, and nowhere else. */
  readonly origins: readonly string[];
  /** When the credential ends (epoch ms); null: it does not say. */
  readonly expiresAtMs: number | null;
  /** Empty where no credential of the grant can be fingerprinted. */
  readonly fingerprint: string;
  readonly secret: Text;
}

/** Most APIs; a descriptor that says nothing means this. */
const BEARER = 'Authorization: Bearer {access_token}';

/**
 * @param fields the credential's own: `access_token`, or what was imported
 * @param captured what the grant's answers told, by path
 * @param client the connection's, where it signs too
 * @returns null where the templates and the values make no valid request
 */
export function injectionOf(
  descriptor: Templates & SigningFacts & Pick<Descriptor, 'public_fields'>,
  fields: Texts,
  captured: Texts,
  client: SigningClient = { id: null, secret: null },
): Injection | null {
  if (descriptor.no_credential === true) {
    const fixed = credentialQuery(descriptor.token_query ?? null, {});
    return fixed === null ? null : { headers: {}, query: fixed, hunted: [] };
  }
  if (descriptor.signer !== undefined) {
    const signing = signingOf(descriptor, fields, client);
    return signing === null ? null : { headers: {}, query: {}, hunted: secretsIn(signing), signing };
  }
  const values = { ...captured, ...fields };
  const headers = credentialHeaders(headerTemplateOf(descriptor), values);
  const query = credentialQuery(descriptor.token_query ?? null, values);
  if (headers === null || query === null) return null;
  const encoded = encodedIn(headers, descriptor.token_header ?? '', fields);
  return { headers, query, hunted: [...huntedOf(descriptor, fields), ...encoded] };
}

/** The origins of an account's addresses, each once. */
export function originsOf(urls: readonly string[]): string[] {
  return [...new Set(urls.filter(isHttpUrl).map((url) => new URL(url).origin))];
}

function headerTemplateOf({ token_header: header, token_query: query }: Templates): string | null {
  return header ?? (query === undefined ? BEARER : null);
}

/** What a `base64(…)` of the template became: a user and a password as one text, of which neither may be long. */
function encodedIn(headers: Texts, template: string, fields: Texts): string[] {
  if (!template.includes('base64(')) return [];
  const texts = Object.values(headers).map((value) => value.slice(value.lastIndexOf(' ') + 1));
  return texts.filter((text) => !template.includes(text) && !Object.values(fields).includes(text));
}

/**
 * The fields that are secret. A user's name beside a password is none, and APIs answer it; where the templates take the
 * name alone it holds the key.
 */
function huntedOf(descriptor: Templates & Pick<Descriptor, 'public_fields'>, fields: Texts): string[] {
  const { password = '' } = fields;
  const templates = `${descriptor.token_header ?? ''} ${descriptor.token_query ?? ''}`;
  const takesPassword = templates.includes('{password}') || !templates.includes('{username}');
  const open = new Set(descriptor.public_fields);
  if (password !== '' && takesPassword) open.add('username');
  const secret = Object.entries(fields).filter(([name, text]) => text !== '' && !open.has(name));
  return [...new Set(secret.map(([, text]) => text))];
}

/**
 * A tool as data: one request of a provider's API, and what its answers mean. The field names are those of the wire, so
 * that a tool is answered as it is stored. Types only.
 */

/** A JSON Schema (draft 2020-12), as models read it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Where a parameter goes. `path`: percent-encoded into the template; `path+`: the same, segment by segment; `query`;
 * `body`: a field of the body; `body_root`: the whole body; `variables`: a variable of GraphQL; `compose`: a part of the
 * mail that is made.
 */
export type Place = 'path' | 'path+' | 'query' | 'body' | 'body_root' | 'variables' | 'compose';

/** A value somewhere in an answer; without `equals` it is enough that it is there and not null, false or empty. */
export interface Sign {
  /** A path as descriptors write them (`a.b`, `a[0].b`, `a[].b`), or `a.*.b` for any member. */
  readonly at: string;
  readonly equals?: string | number | boolean;
}

export interface Pagination {
  /**
   * `cursor`: the answer holds the next cursor. `page`: a page number beside the number of pages. `offset`: the next
   * offset. `link_header`: RFC 8288, `rel="next"`. `url`: the answer holds the URL of the next page. `last_id`: the id of
   * the last item.
   */
  readonly kind: 'cursor' | 'page' | 'offset' | 'link_header' | 'url' | 'last_id';
  /** The parameter that takes the cursor. */
  readonly param?: string;
  readonly in?: 'body' | 'query';
  /** Where the answer holds it. */
  readonly from?: string;
  /** True while there is more; `!done` is the contrary of `done`. */
  readonly more?: string;
  readonly rel?: string;
  /** The parameter that takes the size of a page; left out: the provider decides. */
  readonly size?: string;
}

/** What a provider's errors look like, where they are more than an HTTP status. */
export interface ErrorFacts {
  /** Alternatives (`a | b`) of where the text stands. */
  readonly message?: string;
  readonly code?: string;
  /** The field of a 2xx that has to be `true`. */
  readonly ok?: string;
  /** A GraphQL API: `errors` beside or in place of `data`. */
  readonly graphql?: boolean;
  /** Fields of a 2xx that must not be `false`. */
  readonly success?: string;
  /** Signs of an error under the status of a success. */
  readonly fails_when?: readonly Sign[];
  /** Statuses of too many requests, and what they must come with where the status alone means something else. */
  readonly rate_limited?: readonly RateSign[];
  /** What a 404 of this provider may also mean. */
  readonly hidden?: string;
}

export interface RateSign {
  readonly status: number;
  readonly code?: readonly string[];
  /** Name in lower case; with `equals`, this value. */
  readonly header?: string;
  readonly equals?: string;
}

export interface Annotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** What of an answer is the result. `any`: an object or a list that is not empty; `json`: either; `text`: the body itself. */
export type ResultType = 'array' | 'object' | 'string' | 'any' | 'json' | 'text';

export interface Tool {
  readonly name: string;
  /** Of the catalogue, or `custom`. */
  readonly provider: string;
  /** Entries of the catalogue whose accounts it works with; empty: of one connection alone. */
  readonly connections: readonly string[];
  /** The one connection that a custom tool is for; null: all of `connections`. */
  readonly connection: string | null;
  readonly title: string;
  readonly description: string;
  readonly method: string;
  /** Behind the API's base URL: `/contacts/{id}`. */
  readonly path: string;
  readonly parameters: JsonSchema;
  readonly where: Readonly<Record<string, Place>>;
  /** The names on the wire, where they are others. */
  readonly wire_names?: Readonly<Record<string, string>>;
  /** Lists in the query are joined by commas; those named here are repeated. */
  readonly repeated?: readonly string[];
  /** Alternatives of scopes, each of which is enough. */
  readonly scopes_any: readonly (readonly string[])[];
  /** Of `connections`: those whose grants do not name these scopes. There the provider decides. */
  readonly unscoped?: readonly string[];
  readonly annotations: Annotations;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body_encoding?: 'json' | 'form' | 'graphql' | 'multipart';
  /** Of GraphQL: the fixed document. */
  readonly body_template?: { readonly query: string };
  /** The field that takes a mail as base64url of RFC 5322, and with it all fields of the body where it has a dot. */
  readonly compose?: 'raw' | 'message.raw';
  readonly pagination?: Pagination;
  /** Where the result stands; left out: the whole answer. */
  readonly result?: string;
  readonly result_type: ResultType;
  /** The provider leaves the result out when it is empty, and says so by this. */
  readonly empty_when?: Sign;
  /** Statuses of a success that has no body. */
  readonly empty_status?: readonly number[];
  /** Signs in a 2xx that the answer is not whole. */
  readonly partial_when?: readonly Sign[];
  /** The header that makes a repeated call one. */
  readonly idempotency_header?: string;
  readonly errors?: ErrorFacts;
  readonly notes?: string;
  readonly sources: readonly string[];
  readonly verified_against: string;
  readonly confidence: 'high' | 'medium' | 'low';
  readonly unverified?: readonly string[];
}

/** A provider's tools, and what they share. */
export interface ToolSet {
  readonly provider: string;
  /** The API that the tools' paths stand behind, as the provider has it. */
  readonly base_url: string;
  readonly errors: ErrorFacts;
  readonly tools: readonly ToolRow[];
}

/** A tool as a file of the registry writes it: what its set says is left out. */
export type ToolRow = Omit<Tool, 'provider' | 'connection'>;

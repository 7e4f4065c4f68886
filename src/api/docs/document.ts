/**
 * The OpenAPI 3.1 document: what the routes registered, finished by one rule for all of them. Every operation gets its
 * name, heading, proof, examples and the headers that all answers have; a route's own description is kept. Pure.
 */

import { CODES, type Code } from '#contract/codes.ts';
import { STORY } from '#contract/examples.ts';
import { SHOWN_ONCE } from '#contract/idempotency.ts';
import { LEAST_ROLE } from '#contract/roles.ts';
import { VERSION } from '#contract/about/version.ts';
import { problemAnswer } from '../http/responses.ts';
import { DESCRIPTIONS } from './descriptions.ts';
import { HEADINGS, headingOf, operationIdOf, planeOf, type Plane } from './names.ts';
import { describedParameter } from './parameters.ts';
import { withToldDefaults } from './defaults.ts';
import { commandOf } from './commands.ts';
import { QUICKSTART } from './quickstart.ts';
import { sampleOf } from './samples.ts';
import type { Answer, Content, Document, Operation, PathItem, Schema } from './shapes.ts';

const ABOUT = `A token broker for AI agents: it keeps OAuth grants alive and API keys encrypted, and hands each agent a
valid token within its policy, or an unmistakable error.

Two planes: operators, who set things up, and agents, who ask for tokens. A credential of one is refused by the other
(403 \`forbidden\`). JSON in \`snake_case\`, times in ISO 8601, UTC. Lists are cut into pages: \`limit\` and \`cursor\`.
A query parameter or a field of a body that a route does not have is refused with its name.

Every refusal is a problem document (RFC 9457); its \`code\` is the stable part. Every answer carries
\`X-Correlation-Id\`, which is the request's own where that is a sane one, and stands in audit records and logs.`;

/** What `registry` (the routes' own description) says before it is finished. */
export interface Registered {
  readonly paths?: Readonly<Record<string, object>>;
  readonly webhooks?: object | undefined;
  readonly components?: object;
}

const TITLE = 'Valetkey';

const SECURITY: Readonly<Record<Plane, NonNullable<Operation['security']>>> = {
  operator: [{ operator: [] }],
  agent: [{ agent: [] }],
  both: [{ operator: [] }, { agent: [] }],
  none: [],
};

const SCHEMES = {
  operator: {
    type: 'http',
    scheme: 'bearer',
    description:
      '`Authorization: Bearer` with `ADMIN_KEY`, the secret of the deployment, or with an admin key, which has a role and may belong to one organization. `x-least-role` of a route says which role it takes. Where the deployment has Cloudflare Access for operators, a request without that header is of the person whom Access names in `Cf-Access-Jwt-Assertion`, with the role that `ACCESS_ROLES` gives.',
  },
  agent: {
    type: 'http',
    scheme: 'bearer',
    description:
      '`Authorization: Bearer` with a key of an agent (`vk_agent_…`), with a token of a workload that is trusted for it (`oidc`), or with an access token of `POST /oauth/token`; one that is bound to a key as `Authorization: DPoP` with a proof in the header `DPoP`. A request without that header is of the agent whose `certificate_thumbprint` is that of its verified client certificate.',
  },
};

const HEADERS = {
  CorrelationId: {
    description: "The request's `X-Correlation-Id` where it is a sane one, else a new one.",
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
  },
  RetryAfter: { description: 'Whole seconds, at least 1.', schema: { type: 'integer', minimum: 1 } },
  WwwAuthenticate: {
    description: 'RFC 6750; of tokens that are bound to a key RFC 9449.',
    schema: { type: 'string', example: 'Bearer' },
  },
};

const CORRELATION_PARAMETER = {
  name: 'X-Correlation-Id',
  in: 'header',
  description: 'Yours, for logs and audit: taken over where it matches, else replaced.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
  example: 'task-81',
};

const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Yours, for 24 hours: the same request under the same key creates once, and is answered again with what is shown once as null and `Idempotent-Replayed: true`.',
  schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  example: 'order-4711',
};

const HAVE_RETRY_AFTER = ['429', '503'];

function headersOf(status: string, own: Answer['headers']): Readonly<Record<string, unknown>> {
  const reference = (name: string) => ({ $ref: `#/components/headers/${name}` });
  return {
    'X-Correlation-Id': reference('CorrelationId'),
    ...(HAVE_RETRY_AFTER.includes(status) ? { 'Retry-After': reference('RetryAfter') } : {}),
    ...(status === '401' ? { 'WWW-Authenticate': reference('WwwAuthenticate') } : {}),
    ...own,
  };
}

/** A problem of each code that `paths` refer to by the code's name. */
function problemExamples(paths: object): Record<string, { readonly value: unknown }> {
  const { correlation_id: correlationId } = STORY.example.fields;
  const text = JSON.stringify(paths);
  const used = (Object.keys(CODES) as Code[]).filter((code) => text.includes(`/examples/${code}"`));
  const entries = used.map((code) => {
    const { status, title } = CODES[code];
    const type = `urn:valetkey:problem:${code}`;
    const value = { type, title, status, code, detail: title, correlation_id: correlationId };
    return [code, { summary: title, value }] as const;
  });
  return Object.fromEntries(entries);
}

type Schemas = Readonly<Record<string, Schema>>;

/** JSON without an example gets one. */
function withExamples(content: Content, schemas: Schemas, sent: boolean): Content {
  const entries = Object.entries(content).map(([type, media]) => {
    const isTold = media.example !== undefined || media.examples !== undefined || media.schema === undefined;
    if (isTold || !type.endsWith('json')) return [type, media] as const;
    return [type, { ...media, example: sampleOf(media.schema ?? {}, schemas, { sent }) }] as const;
  });
  return Object.fromEntries(entries);
}

/** What every route refuses beside its own refusals: a query that it does not have, a head that is too long. */
function refusedBefore(operation: Operation): Record<string, Answer> {
  const ofBodies =
    operation.requestBody === undefined ? [] : (['too_large', 'unsupported_media_type'] as const);
  const codes = ['invalid_request', 'uri_too_long', ...ofBodies] as const;
  return Object.fromEntries(
    codes.map((code) => {
      const { description, content } = problemAnswer([code]) as Answer;
      // Here the schema is already one of the document's components.
      const media = Object.entries(content ?? {}).map(([type, { examples }]) => [
        type,
        { schema: { $ref: '#/components/schemas/Problem' }, examples },
      ]);
      return [String(CODES[code].status), { description, content: Object.fromEntries(media) as Content }];
    }),
  );
}

function finishedAnswers(operation: Operation, schemas: Schemas): Operation['responses'] {
  const answers = { ...refusedBefore(operation), ...operation.responses };
  const entries = Object.entries(answers).map(([status, answer]) => {
    const content =
      answer.content === undefined ? {} : { content: withExamples(answer.content, schemas, false) };
    return [status, { ...answer, headers: headersOf(status, answer.headers), ...content }] as const;
  });
  return Object.fromEntries(entries);
}

const ASKED_BY: Readonly<Record<string, string>> = { operator: 'operators', agent: 'agents' };

/** The callers that may ask, as a sentence. */
function askedBy({ security = [], 'x-least-role': role }: Operation): string {
  const schemes = security.flatMap((one) => Object.keys(one));
  if (schemes.length === 0) return 'Open to everyone.';
  const least = role === undefined || role === 'any' ? '' : ` Of operators, the least role is \`${role}\`.`;
  return `For ${schemes.map((scheme) => ASKED_BY[scheme] ?? scheme).join(' and ')}.${least}`;
}

/** With the callers that may ask, and the request as a command: for readers, from what the operation says. */
function told(method: string, path: string, operation: Operation): Operation {
  const description = [operation.description, askedBy(operation)].filter((one) => one !== undefined);
  const command = commandOf(method, path, operation);
  return {
    ...operation,
    description: description.join('\n\n'),
    'x-codeSamples': [{ lang: 'Shell', label: 'curl', source: command }],
  };
}

function finishedOperation(method: string, path: string, operation: Operation, schemas: Schemas): Operation {
  const { requestBody } = operation;
  const own = (operation.parameters ?? []).map((parameter) => describedParameter(path, parameter));
  const takesOwn = own.some(({ name }) => name.toLowerCase() === 'x-correlation-id');
  const route = `${method.toUpperCase()} ${path}`;
  const creates = route in SHOWN_ONCE;
  const common = [
    ...(creates ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(takesOwn ? [] : [{ $ref: '#/components/parameters/CorrelationId' }]),
  ];
  const role = LEAST_ROLE[route];
  const description = DESCRIPTIONS[route];
  return told(method, path, {
    tags: [headingOf(path)],
    operationId: operationIdOf(method, path),
    security: SECURITY[planeOf(path)],
    ...(role === undefined ? {} : { 'x-least-role': role }),
    ...(description === undefined ? {} : { description }),
    ...operation,
    parameters: [...own, ...(common as unknown as typeof own)],
    ...(requestBody === undefined
      ? {}
      : { requestBody: { ...requestBody, content: withExamples(requestBody.content, schemas, true) } }),
    responses: finishedAnswers(operation, schemas),
  });
}

/** The events that webhook endpoints get, each with an example. */
function finishedWebhooks(webhooks: object, schemas: Schemas): Document['paths'] {
  const entries = Object.entries(webhooks as Document['paths']).map(([type, item]) => {
    const operations = Object.entries(item).map(([method, operation]) => {
      const content = withExamples(operation.requestBody?.content ?? {}, schemas, false);
      return [method, { ...operation, requestBody: { required: true, content } }] as const;
    });
    return [type, Object.fromEntries(operations)] as const;
  });
  return Object.fromEntries(entries);
}

/** The document of these routes. Its server is the origin that it was read from. */
export function finishedDocument({ paths = {}, webhooks = {}, components = {} }: Registered): Document {
  const { schemas = {} } = components as { schemas?: Schemas };
  const finished = Object.entries(paths).map(([path, item]) => {
    const operations = Object.entries(item as PathItem).map(
      ([method, operation]) => [method, finishedOperation(method, path, operation, schemas)] as const,
    );
    return [path, Object.fromEntries(operations)] as const;
  });
  const tags = new Set(
    finished.flatMap(([, item]) => Object.values(item).flatMap(({ tags: own = [] }) => own)),
  );
  const known = HEADINGS.filter(({ name }) => tags.has(name));
  const allPaths = Object.fromEntries(finished);
  const document = {
    openapi: '3.1.0',
    info: {
      title: TITLE,
      version: VERSION,
      summary: 'Valid, least-privilege tokens for AI agents.',
      description: `${ABOUT}\n\n${QUICKSTART}`,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This broker' }],
    tags: known.map(({ name, description }) => ({ name, description })),
    paths: allPaths,
    webhooks: finishedWebhooks(webhooks, schemas),
    components: {
      ...components,
      securitySchemes: SCHEMES,
      headers: HEADERS,
      examples: problemExamples(allPaths),
      parameters: { CorrelationId: CORRELATION_PARAMETER, IdempotencyKey: IDEMPOTENCY_PARAMETER },
    },
  };
  return withToldDefaults(document);
}

/** The routes of the token service: its endpoints, what it publishes, and the operator's view of its keys. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { DPOP_ALGORITHMS } from '#callers/binding/dpop.ts';
import { issuerOf } from '#callers/tokens/claims.ts';
import { forgetSigningKeys, publishedJwks } from '#callers/tokens/signing-keys.ts';
import { ALGORITHMS } from '#callers/workload/token.ts';
import { DETAIL_TYPE } from '#contract/callers/authorization-details.ts';
import {
  CreateSigningKey,
  Introspection,
  OAuthErrorAnswer,
  PresentedTokenForm,
  PublishedKeys,
  ServerMetadata,
  SigningKey,
  SigningKeys,
  TOKEN_EXCHANGE,
  TokenAnswer,
  TokenForm,
  type SigningKey as Shown,
} from '#contract/callers/token-service.ts';
import { ProblemError } from '#contract/problem.ts';
import { PUBLISHED_APART_MS, publishedKeys, signingKey } from '#directory/callers/signing-schedule.ts';
import { makeSigningKey, openBundle, signingBundle } from '#directory/callers/signing-keys.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { contextOf, ensureSchema, refusal, requireOperator } from '../guards.ts';
import { bodyOf } from '../http/input.ts';
import { originOf } from '../http/origin.ts';
import { jsonBody, REPEATED, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';
import { arrivalOf } from '../arrival.ts';
import { answerIntrospection, answerRevocation } from './presented.ts';
import { answerToken } from './token.ts';

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
const REFUSALS = {
  400: 'The request is not one, or the client may not',
  401: 'The client has not proved itself',
  403: 'The caller may not ask here',
  413: 'The body is too large',
  414: 'The URL is too long',
  415: 'The body is no form',
  429: 'Too often',
  500: 'A fault of the broker',
  503: 'A part of the broker does not answer',
} as const;

const inJson = (schema: z.ZodType) => ({ 'application/json': { schema } });

function answers(description: string, schema: z.ZodType | null) {
  const refusals = Object.entries(REFUSALS).map(([status, told]) => [
    status,
    { description: told, content: inJson(OAuthErrorAnswer) },
  ]);
  const done = schema === null ? { description } : { description, content: inJson(schema) };
  return { 200: done, ...Object.fromEntries(refusals) };
}

const formBody = (schema: z.ZodType) => ({
  body: { required: true, content: { 'application/x-www-form-urlencoded': { schema } } },
});

const routes = {
  token: createRoute({
    method: 'post',
    path: '/oauth/token',
    operationId: 'issueBrokerToken',
    summary: 'A short-lived access token of the broker, for an agent',
    description:
      '`client_credentials` with a key of the agent or an assertion that it has signed; or the exchange of a workload’s token (RFC 8693), or of a token of the broker, to hand it on. `authorization_details` makes it smaller. The answer is a JWT (RFC 9068) of at most 15 minutes, to be sent as `Authorization: Bearer` in the place of a key. A request with a proof in the header `DPoP` (RFC 9449) gets one that is bound to the key of the proof and is sent as `Authorization: DPoP` with a fresh proof each time; one that comes over a verified client certificate gets one that is bound to the certificate (RFC 8705).',
    request: formBody(TokenForm),
    responses: answers('The token', TokenAnswer),
  }),
  introspect: createRoute({
    method: 'post',
    path: '/oauth/introspect',
    operationId: 'introspectBrokerToken',
    summary: 'What a token of the broker is worth (RFC 7662)',
    description: 'For the agent of the token, authenticated as at `/oauth/token`, and for operators.',
    request: formBody(PresentedTokenForm),
    responses: answers('Whether it is active, and what it says', Introspection),
  }),
  revoke: createRoute({
    method: 'post',
    path: '/oauth/revoke',
    operationId: 'revokeBrokerToken',
    summary: 'The end of a token of the broker, everywhere within one second (RFC 7009)',
    description: 'For the agent of the token, authenticated as at `/oauth/token`, and for operators.',
    request: formBody(PresentedTokenForm),
    responses: answers('It has ended', null),
  }),
  metadata: createRoute({
    method: 'get',
    path: '/.well-known/oauth-authorization-server/oauth',
    operationId: 'getServerMetadata',
    summary: 'The metadata of the token service (RFC 8414)',
    responses: { 200: { description: 'Done', content: inJson(ServerMetadata) } },
  }),
  jwks: createRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'getPublishedKeys',
    summary: 'The keys that verify tokens of the broker (RFC 7517)',
    description: 'Empty until the first token was made.',
    responses: responses({ 200: PublishedKeys }),
  }),
  listKeys: createRoute({
    method: 'get',
    path: '/v1/signing-keys',
    summary: 'The keys that sign tokens of the broker, newest first',
    responses: responses({ 200: SigningKeys }),
  }),
  makeKey: createRoute({
    method: 'post',
    path: '/v1/signing-keys',
    summary: 'Make the next signing key, before its time',
    description: 'It is published at once and signs in a day. The broker does so by itself every 90 days.',
    request: jsonBody(CreateSigningKey, false),
    responses: responses({ 201: SigningKey }, [...REPEATED, 'conflict']),
  }),
};

function metadata(c: Context<AppEnv>): Response {
  const origin = originOf(c);
  const at = (path: string) => `${origin}${path}`;
  const signed = [...ALGORITHMS];
  const answer: ServerMetadata = {
    issuer: issuerOf(origin),
    token_endpoint: at('/oauth/token'),
    revocation_endpoint: at('/oauth/revoke'),
    introspection_endpoint: at('/oauth/introspect'),
    jwks_uri: at('/.well-known/jwks.json'),
    authorization_details_types_supported: [DETAIL_TYPE],
    grant_types_supported: ['client_credentials', TOKEN_EXCHANGE],
    response_types_supported: [],
    // An exchange authenticates no client: its token is the proof.
    token_endpoint_auth_methods_supported: [...AUTH_METHODS, 'none'],
    token_endpoint_auth_signing_alg_values_supported: signed,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: signed,
    introspection_endpoint_auth_methods_supported: AUTH_METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: signed,
    dpop_signing_alg_values_supported: [...DPOP_ALGORITHMS],
    tls_client_certificate_bound_access_tokens: true,
  };
  return c.json(answer, 200);
}

/** Verifiers ask again within what a key is published ahead. */
const KEPT_BY_VERIFIERS = 'public, max-age=300';

async function jwks(c: Context<AppEnv>): Promise<Response> {
  await ensureSchema(c);
  const { waitUntil } = arrivalOf(c);
  const keys = await publishedJwks(c.get('config'), { now: systemNow, waitUntil });
  if (!keys.ok) throw await refusal(keys.error, c.get('config'));
  return c.json({ keys: [...keys.value] }, 200, { 'cache-control': KEPT_BY_VERIFIERS });
}

/** Newest first, as they stand in the directory. @throws ProblemError */
async function shownKeys(c: Context<AppEnv>): Promise<Shown[]> {
  const config = c.get('config');
  const nowMs = systemNow();
  const published = publishedKeys(await openBundle(config, await signingBundle(config.directory)), nowMs);
  const signs = signingKey(published, nowMs);
  return published
    .map(({ number, kid, createdAtMs, activeAtMs }, index): Shown => {
      const next = published[index + 1];
      const isNext = signs === null || number > signs.number;
      return {
        kid,
        status: number === signs?.number ? 'signing' : isNext ? 'next' : 'ending',
        created_at: isoTime(createdAtMs),
        signs_from: isoTime(activeAtMs),
        ends_at: next === undefined ? null : isoTime(next.activeAtMs + PUBLISHED_APART_MS),
      };
    })
    .toReversed();
}

/** Keys are the deployment's: everybody may see what is published, no operator of one organization replaces it. */
function requireUnbound(c: Context<AppEnv>): void {
  if (c.get('operator').organization === null) return;
  throw new ProblemError('forbidden', { detail: 'signing keys belong to the deployment' });
}

async function makeKey(c: Context<AppEnv>): Promise<Response> {
  requireUnbound(c);
  const config = c.get('config');
  const { end_previous: endPrevious = false } = await bodyOf(c, CreateSigningKey, true);
  const made = await makeSigningKey(config, { endPrevious }, systemNow(), contextOf(c, c.get('operator')));
  if (made === null) throw new ProblemError('conflict', { detail: 'the next key is published already' });
  forgetSigningKeys(config);
  const shown = (await shownKeys(c)).find(({ kid }) => kid === made.kid);
  if (shown === undefined) throw new ProblemError('conflict', { detail: 'another key was made meanwhile' });
  return c.json(shown, 201);
}

export function tokenServiceRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.token, refuseUnknownQuery, answerToken);
  describe(router, routes.introspect, refuseUnknownQuery, answerIntrospection);
  describe(router, routes.revoke, refuseUnknownQuery, answerRevocation);
  describe(router, routes.metadata, refuseUnknownQuery, metadata);
  describe(router, routes.jwks, refuseUnknownQuery, jwks);
  describe(router, routes.listKeys, requireOperator, async (c) =>
    c.json({ data: await shownKeys(c), next_cursor: null }, 200),
  );
  describe(router, routes.makeKey, requireOperator, makeKey);
  return router;
}

/**
 * The part of `oidc-provider` 9 that the development server uses, with types: the package ships none of its own.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
// @ts-expect-error: an untyped module; everything that leaves this file is typed below.
import { Provider as Untyped } from 'oidc-provider';

/** Koa's context, reduced to what the middlewares here touch. */
export interface ProviderContext {
  req: IncomingMessage;
  res: ServerResponse;
  method: string;
  path: string;
  status: number;
  body: unknown;
  /** False: the middleware answers by itself. */
  respond?: boolean;
  get(header: string): string;
  set(header: string, value: string): void;
}

/** What a model hands to an adapter: plain JSON. */
export type StoredPayload = Record<string, unknown>;

export interface Adapter {
  upsert(id: string, payload: StoredPayload, expiresInS?: number): Promise<void>;
  find(id: string): Promise<StoredPayload | undefined>;
  findByUid(uid: string): Promise<StoredPayload | undefined>;
  findByUserCode(userCode: string): Promise<StoredPayload | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

export interface Client {
  clientId: string;
  grantTypeAllowed(grantType: string): boolean;
}

export interface StoredModel {
  jti: string;
  /** Resolves with the opaque value. */
  save(): Promise<string>;
  destroy(): Promise<void>;
}

export interface Grant extends StoredModel {
  addOIDCScope(scope: string): void;
  rejectOIDCScope(scope: string): void;
}

export interface AccessToken extends StoredModel {
  accountId: string;
  clientId: string;
  grantId: string;
  scope?: string;
}

interface TokenInput {
  accountId: string;
  client: Client;
  grantId: string;
  gty: string;
  scope: string;
  expiresIn?: number;
}

interface TokenModel<Instance> {
  new (input: TokenInput): Instance;
  find(value: string): Promise<Instance | undefined>;
  revokeByGrantId(grantId: string): Promise<void>;
}

export interface Provider {
  /** Koa prints unexpected errors unless this is true. */
  silent: boolean;
  use(middleware: (ctx: ProviderContext, next: () => Promise<void>) => Promise<void>): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'server_error', listener: (ctx: ProviderContext, error: unknown) => void): unknown;
  interactionDetails(
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<{ params: Readonly<Record<string, unknown>> }>;
  interactionFinished(
    req: IncomingMessage,
    res: ServerResponse,
    result: Record<string, unknown>,
    options: { mergeWithLastSubmission: boolean },
  ): Promise<void>;
  callback(): (req: IncomingMessage, res: ServerResponse) => unknown;
  Client: { find(clientId: string): Promise<Client | undefined>; adapter: Adapter };
  Grant: {
    new (input: { accountId: string; clientId: string }): Grant;
    find(grantId: string): Promise<Grant | undefined>;
  };
  AccessToken: TokenModel<AccessToken>;
  RefreshToken: TokenModel<StoredModel>;
  AuthorizationCode: TokenModel<StoredModel>;
}

export const Provider = Untyped as new (issuer: string, configuration: Record<string, unknown>) => Provider;

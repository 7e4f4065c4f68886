/**
 * The way through the token endpoint: record, fault, turn, grace, oidc-provider, hook, answer. It decides
 * nothing that oidc-provider decides; it adds what oidc-provider has not: a grace window, one exchange at a
 * time per refresh token (two at once would both find it unspent), and the faults of the script.
 */

import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { ProviderContext } from './oidc-provider.ts';
import { disguise, drop, pause, send } from './answer.ts';
import type { Answer } from './answer.ts';
import { isProcessed } from './faults.ts';
import type { FaultSource } from './faults.ts';
import type { OAuthSettings, TokenCall, TokenHook } from './call.ts';
import type { OAuthStore } from './store.ts';

const REFRESH = 'refresh_token';
/** Never issued: oidc-provider refuses it as it refuses any token that it does not know. */
const FORGOTTEN = 'spent';

export interface GateParts {
  store: OAuthStore;
  settings: OAuthSettings;
  /** Where the settings of one request are kept for oidc-provider's callbacks. */
  settingsOfRequest: WeakMap<ProviderContext, OAuthSettings>;
  faults: FaultSource;
  received: Set<TokenHook>;
  processed: Set<TokenHook>;
  record: (call: TokenCall) => void;
  finished: (call: TokenCall) => void;
  failed: (error: unknown) => void;
  closing: AbortSignal;
  /** Resolves when what the provider has done so far outlives a kill. */
  settled: () => Promise<void>;
}

interface Request {
  ctx: ProviderContext;
  next: () => Promise<void>;
  form: URLSearchParams;
  raw: Buffer;
  secret: string | null;
  call: TokenCall;
  settings: OAuthSettings;
}

export function createTokenGate(parts: GateParts) {
  const { store, faults, closing } = parts;
  const turn = createTurns();
  const open = new Map<string, number>();

  /** Runs oidc-provider, or gives the answer of a grace window again. */
  async function carryOut(request: Request): Promise<Answer> {
    const { call, settings, form } = request;
    if (call.refreshToken === null) return await exchange(request, request.raw);
    const judge = () => store.judge(call.refreshToken ?? '', settings.graceS);
    call.verdict = judge();
    const history = store.histories.get(call.refreshToken);
    if (call.verdict === 'in_grace' && history?.answer && proves(request, history.clientId)) {
      return { status: history.answer.status, headers: NO_STORE, json: history.answer.body };
    }
    if (call.verdict === 'reuse' && !settings.reuseKillsGrant) {
      const forgotten = new URLSearchParams(form);
      forgotten.set(REFRESH, FORGOTTEN);
      return await exchange(request, Buffer.from(forgotten.toString()));
    }
    const answer = await exchange(request, request.raw);
    if (answer.status === 200 && answer.json !== null) {
      store.keepAnswer(call.refreshToken, { status: answer.status, body: answer.json });
    }
    return answer;
  }

  async function exchange({ ctx, next, call, settings }: Request, body: Buffer): Promise<Answer> {
    // oidc-provider reads the body from `ctx.req` and everything else from the real request.
    const { req } = ctx;
    req.headers['content-length'] = String(body.length);
    ctx.req = Readable.from([body]) as IncomingMessage;
    await next();
    ctx.req = req;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(ctx.res.getHeaders())) headers[name] = String(value);
    for (const name of ctx.res.getHeaderNames()) ctx.res.removeHeader(name);
    const json = { ...(ctx.body as Record<string, unknown>) };
    if (
      call.grantType === REFRESH &&
      settings.rotation === 'static' &&
      !settings.issueRefreshTokenOnRefresh
    ) {
      delete json.refresh_token;
    }
    return { status: ctx.status, headers, json };
  }

  function proves({ call, secret }: Request, clientId: string): boolean {
    return call.clientId === clientId && store.find('Client', clientId)?.client_secret === secret;
  }

  async function answer(request: Request): Promise<void> {
    const { ctx, call } = request;
    const fault = faults.take(call);
    request.settings = { ...parts.settings, ...fault.settings };
    parts.settingsOfRequest.set(ctx, request.settings);
    await runHooks(parts.received, call);
    await pause(fault.delayBeforeMs, closing);
    await fault.heldBefore;
    if (fault.dropBefore) return drop(ctx.res);
    let given: Answer | null = null;
    if (isProcessed(fault)) {
      const shared = call.refreshToken !== null && request.settings.rotation === 'rotating';
      given = await (shared ? turn(call.refreshToken ?? '', () => carryOut(request)) : carryOut(request));
      note(store, call, given);
      await parts.settled();
      await runHooks(parts.processed, call);
    }
    await pause(fault.delayAfterMs, closing);
    await fault.heldAfter;
    if (fault.dropAfter || closing.aborted) return drop(ctx.res);
    const wire = disguise(given, fault);
    call.status = wire.status;
    call.answered = await send(ctx.res, wire, fault, closing);
  }

  return async (ctx: ProviderContext, next: () => Promise<void>): Promise<void> => {
    if (ctx.method !== 'POST' || ctx.path !== '/token') return await next();
    ctx.respond = false;
    ctx.res.on('error', () => {});
    const raw = await readBody(ctx.req).catch(() => null);
    if (raw === null) return;
    const request = describe(ctx, next, raw, parts.settings);
    const { call } = request;
    const token = call.refreshToken;
    if (token !== null) {
      call.verdict = store.judge(token, parts.settings.graceS);
      call.grantId = store.histories.get(token)?.grantId ?? null;
      call.overlaps = (open.get(token) ?? 0) > 0;
      open.set(token, (open.get(token) ?? 0) + 1);
    }
    parts.record(call);
    try {
      await answer(request);
    } catch (error) {
      parts.failed(error);
      drop(ctx.res);
    } finally {
      const left = token === null ? 0 : (open.get(token) ?? 1) - 1;
      if (token !== null && left > 0) open.set(token, left);
      else if (token !== null) open.delete(token);
      parts.finished(call);
    }
  };
}

const NO_STORE = { 'cache-control': 'no-store' };

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function describe(
  ctx: ProviderContext,
  next: () => Promise<void>,
  raw: Buffer,
  settings: OAuthSettings,
): Request {
  const isForm = ctx.get('content-type').toLowerCase().startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(isForm ? raw.toString('utf8') : '');
  const grantType = form.get('grant_type');
  const { clientId, secret } = clientOf(ctx.get('authorization'), form);
  const refreshToken = grantType === REFRESH ? form.get('refresh_token') : null;
  const call: TokenCall = {
    at: Date.now(),
    grantType,
    refreshToken,
    scope: form.get('scope'),
    clientId,
    grantId: null,
    verdict: refreshToken === null ? 'other' : 'unknown',
    overlaps: false,
    status: null,
    processed: false,
    answered: false,
  };
  return { ctx, next, form, raw, secret, call, settings };
}

/** The client's name and secret as RFC 6749 §2.3.1 lets them be sent, or nulls. */
function clientOf(
  authorization: string,
  form: URLSearchParams,
): { clientId: string | null; secret: string | null } {
  const basic = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (basic === undefined) return { clientId: form.get('client_id'), secret: form.get('client_secret') };
  const [id = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { clientId: fromForm(id), secret: fromForm(rest.join(':')) };
}

function fromForm(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? '';
}

/** Writes into the record what the provider did, as it stands before any fault changes the answer. */
function note(store: OAuthStore, call: TokenCall, { json }: Answer): void {
  call.processed = true;
  const { access_token: accessToken, refresh_token: refreshToken } = json ?? {};
  if (typeof accessToken === 'string') {
    call.accessToken = accessToken;
    const grantId = store.find('AccessToken', accessToken)?.grantId;
    if (typeof grantId === 'string') call.grantId ??= grantId;
  }
  if (typeof refreshToken === 'string' && refreshToken !== call.refreshToken)
    call.newRefreshToken = refreshToken;
}

async function runHooks(hooks: ReadonlySet<TokenHook>, call: TokenCall): Promise<void> {
  for (const hook of hooks) await hook(call);
}

/** Runs what is given for a key after everything given for it before. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key);
    const mine = (async () => {
      await before?.catch(() => {});
      return await work();
    })();
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}

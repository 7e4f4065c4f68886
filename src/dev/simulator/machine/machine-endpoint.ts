/**
 * The token endpoint of a provider of machine grants: what is asked has to be what its words want, to the letter, the
 * assertion is verified, and each request stands in the record of uses.
 */

import { importSPKI, jwtVerify } from 'jose';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { disguise, drop, pause, send } from '../../oauth/answer.ts';
import { isProcessed, type Fault } from '../../oauth/faults.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { isClient, readText } from '../request.ts';
import { faultOf } from '../steps.ts';
import type { Answered } from '../token-answer.ts';
import { bookOf, type RefreshUse, type SimulatedAccount, type World } from '../world.ts';
import { WORDS, type Wanted, type Words } from './words.ts';

/** A request for a machine's token, as it was understood. */
interface Understood {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly account: SimulatedAccount | undefined;
  readonly problem: 'client' | 'proof' | 'request' | null;
}

export async function serveMachine(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
): Promise<void> {
  const words = WORDS[dialect.entry?.id ?? ''];
  const text = await readText(req);
  if (words === undefined || text === null) return drop(res);
  const understood = await understand(world, dialect, words, req, text, path);
  const { account } = understood;
  const step = account?.script.take() ?? null;
  const use: RefreshUse = {
    at: Date.now(),
    dialect: dialect.id,
    account: account?.id ?? null,
    token: null,
    verdict: account === undefined ? 'unknown' : account.family.dead ? 'dead' : 'fresh',
    step: step?.kind ?? null,
    processed: false,
    issued: null,
    status: null,
    answered: false,
    asked: { fields: understood.fields, claims: understood.claims },
  };
  world.uses.push(use);
  const fault: Fault = step === null ? {} : faultOf(step, bookOf(world, dialect), Date.now());
  await pause(fault.delayBeforeMs, world.closing);
  if (fault.dropBefore === true || world.closing.aborted) return drop(res);
  const given = isProcessed(fault) ? carryOut(words, understood, use) : null;
  await pause(fault.delayAfterMs, world.closing);
  if (fault.dropAfter === true || world.closing.aborted) return drop(res);
  const wire = disguise(given, fault);
  use.status = wire.status;
  use.answered = await send(res, wire, fault, world.closing);
}

function carryOut(words: Words, { fields, claims, account, problem }: Understood, use: RefreshUse): Answered {
  use.processed = true;
  if (problem === 'request') return answered([400, { error: 'invalid_request' }]);
  if (problem !== null) return answered(problem === 'client' ? words.refusedClient : words.dead);
  if (account === undefined || account.family.dead) return answered(words.dead);
  const nowMs = Date.now();
  const { accessToken } = account.family.issue(nowMs);
  return answered(words.success(accessToken, account.family.settings.accessTtlS, nowMs, { fields, claims }));
}

const answered = ([status, json]: readonly [number, object]): Answered => ({
  status,
  headers: { 'cache-control': 'no-store' },
  json: json as Record<string, unknown>,
});

async function understand(
  world: World,
  dialect: Dialect,
  words: Words,
  req: IncomingMessage,
  text: string,
  path: string,
): Promise<Understood> {
  const fields = fieldsOf(words, req, text);
  const nothing = { fields: fields ?? {}, claims: {}, account: undefined };
  if (fields === null) return { ...nothing, problem: 'request' };
  const presented = presentedBy(req, fields, words);
  const { client_id: _id, client_secret: _secret, assertion, ...rest } = fields;
  const left = presented === null ? fields : rest;
  const signed = words.assertion?.in === 'bearer' ? bearerOf(req) : assertion;
  const read = words.assertion === undefined ? {} : claimsOf(signed);
  if (read === null) return { ...nothing, problem: 'request' };
  const account = accountOf(world, dialect, words, {
    fields: left,
    claims: read,
    client: presented?.id ?? null,
    path,
  });
  const known = { fields: left, claims: read, account };
  const isClientGood = words.client === 'none' ? presented === null : isPresented(world, words, presented);
  if (!isClientGood) return { ...known, problem: 'client' };
  if (!fits(without(left, 'assertion'), words.fields, words.also ?? []))
    return { ...known, problem: 'request' };
  if (words.assertion === undefined) {
    const needs = account?.proof ?? null;
    return { ...known, problem: needs !== null && left['password'] !== needs ? 'proof' : null };
  }
  const key = words.assertion.in === 'bearer' ? world.client.publicKey : account?.proof;
  const isGood = await isVerified(words, String(signed), key ?? null);
  return { ...known, problem: isGood ? null : words.assertion.in === 'bearer' ? 'client' : 'proof' };
}

function fieldsOf(words: Words, req: IncomingMessage, text: string): Record<string, unknown> | null {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim();
  if (words.format === 'form')
    return type === 'application/x-www-form-urlencoded'
      ? Object.fromEntries(new URLSearchParams(text))
      : null;
  if (type !== 'application/json') return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

interface Presented {
  readonly id: string;
  readonly secret: string | null;
  readonly how: 'basic' | 'body' | 'id';
}

function presentedBy(
  req: IncomingMessage,
  fields: Readonly<Record<string, unknown>>,
  words: Words,
): Presented | null {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(req.headers.authorization ?? '')?.[1];
  if (encoded !== undefined) {
    const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    return { id, secret: secret.join(':'), how: 'basic' };
  }
  const { client_id: id, client_secret: secret } = fields;
  if (typeof id !== 'string' || words.client === 'none') return null;
  return {
    id,
    secret: typeof secret === 'string' ? secret : null,
    how: secret === undefined ? 'id' : 'body',
  };
}

function isPresented({ client }: World, words: Words, presented: Presented | null): boolean {
  if (presented?.how !== words.client || !isClient(client, presented.id)) return false;
  return words.client === 'id' || presented.secret === client.clientSecret;
}

const bearerOf = (req: IncomingMessage): string =>
  /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';

/** Read before it is verified: whose it is decides with which key. */
function claimsOf(assertion: unknown): Record<string, unknown> | null {
  try {
    const part = String(assertion).split('.')[1] ?? '';
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function accountOf(
  world: World,
  dialect: Dialect,
  { account: place }: Words,
  {
    fields,
    claims,
    client,
    path,
  }: {
    fields: Readonly<Record<string, unknown>>;
    claims: Readonly<Record<string, unknown>>;
    client: string | null;
    path: string;
  },
): SimulatedAccount | undefined {
  const name =
    place === undefined
      ? client
      : place === 'path'
        ? /^installations\/(\d+)\/access_tokens$/.exec(path)?.[1]
        : 'field' in place
          ? fields[place.field]
          : claims[place.claim];
  return [...world.accounts.values()].find((one) => one.dialect === dialect && one.id === name);
}

const without = (fields: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));

/** All that is wanted, and nothing else. */
function fits(
  given: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, Wanted>>,
  also: readonly string[],
): boolean {
  const isThere = ([name, want]: [string, Wanted]): boolean => {
    const value = given[name];
    return typeof want === 'string' ? value === want : typeof value === 'string' && want.test(value);
  };
  return (
    Object.entries(wanted).every(isThere) &&
    Object.keys(given).every((name) => Object.hasOwn(wanted, name) || also.includes(name))
  );
}

async function isVerified(
  { assertion: words }: Words,
  assertion: string,
  pem: string | null,
): Promise<boolean> {
  if (words === undefined || pem === null) return false;
  try {
    const { payload, protectedHeader } = await jwtVerify(assertion, await importSPKI(pem, 'RS256'));
    const { iat = 0, exp = 0, ...claims } = payload;
    if (protectedHeader.alg !== 'RS256' || protectedHeader.typ !== 'JWT') return false;
    if (words.kid === 'required' && protectedHeader.kid === undefined) return false;
    const nowS = Date.now() / 1000;
    return (
      iat <= nowS && exp > nowS && exp - iat <= words.longestS && fits(claims, words.claims, words.also ?? [])
    );
  } catch {
    return false;
  }
}

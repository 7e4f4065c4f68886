/** A connect flow as an account's object sees it, without browser and provider: up to a candidate that waits. */

import { accountOwner, grantPlace, type GrantField } from '#crypto/places.ts';
import { encryptText, openDataKey } from '#crypto/envelope.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { askFlow } from '#accounts/flows/ask.ts';
import { lifeOf, type Claimed, type Named } from '#accounts/flows/requests.ts';
import type { Frozen } from '#accounts/flows/sessions/session.ts';
import type { ConnectionSettings } from '#accounts/rows.ts';
import type { CodeClaim } from '#refresh/exchange/code-exchange.ts';
import type { IssuedGrant } from '../../../src/dev/oauth/server.ts';
import {
  config,
  context,
  fresh,
  http,
  must,
  newConnection,
  newGrant,
  provider,
  right,
  rows,
} from './world.ts';

const digestOf = (secret: string): string => purposeDigest('test', secret);

/** A callback that has its grant from the provider, and has not told the account of it. */
export interface OnItsWay {
  readonly id: string;
  readonly grant: IssuedGrant;
  /** As the callback would tell it. */
  readonly arrival: Named<'arrive'>;
  readonly browserDigest: string;
}

export interface Waiting {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
  readonly sessionId: string;
  readonly confirmDigest: string;
  readonly browserDigest: string;
  readonly accessToken: string;
}

const FROZEN: Frozen = {
  authorizationUrl: `${provider.issuer}/auth`,
  tokenUrl: `${provider.issuer}/token`,
  clientId: provider.clientId,
  redirectUri: 'http://127.0.0.1:8787/oauth/callback/test',
  issuer: null,
  jwksUri: null,
  userinfoUrl: null,
  issSupported: false,
};

async function settingsOf(id: string): Promise<ConnectionSettings> {
  const [row] = await rows(id, 'SELECT settings FROM connection_copy');
  return JSON.parse(String(row?.['settings'])) as ConnectionSettings;
}

export interface Unconnected {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
}

/** An account that was made and never connected. */
export async function unconnected(facts: Record<string, unknown> = {}): Promise<Unconnected> {
  const connection = await newConnection(facts);
  const identifier = fresh('user');
  const { id } = await must(http('POST', '/v1/connected-accounts', { connection, identifier }), 201);
  return { id, connection, identifier };
}

async function encrypted(claim: CodeClaim, field: GrantField, text: string): Promise<string> {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) throw new Error(ring.error.code);
  const owner = accountOwner(claim.accountId, claim.organization, claim.incarnation);
  const key = await openDataKey(ring.value, owner, claim.dataKey);
  if (!key.ok) throw new Error(key.error.code);
  return encryptText(key.value, grantPlace(owner, claim.grantId, field, claim.generation), text);
}

/** Opens a link on the account and walks it until its grant is a candidate; a real grant of the provider. */
export async function waiting(account: Unconnected): Promise<Waiting> {
  const { id, grant, arrival, browserDigest } = await onItsWay(account);
  const view = right(await askFlow(config, id, 'arrive', arrival));
  if (view.status !== 'pending_confirmation') throw new Error(`the session is ${view.status}`);
  const { sessionId, confirmDigest } = arrival;
  return { ...account, sessionId, confirmDigest, browserDigest, accessToken: grant.accessToken };
}

/** The same up to the provider's answer, which nobody has stored yet. */
export async function onItsWay(account: Unconnected): Promise<OnItsWay> {
  const { id } = account;
  const sessionId = fresh('cs');
  const linkDigest = digestOf(fresh('link'));
  const browserDigest = digestOf(fresh('browser'));
  const confirmDigest = digestOf(fresh('confirm'));
  const settings = await settingsOf(id);
  right(
    await askFlow(config, id, 'open', {
      organization: null,
      sessionId,
      linkDigest,
      lifeMs: 600_000,
      scopes: null,
      verification: 'confirm',
      expectedSubject: null,
      expectedEmail: null,
      allowSubjectChange: false,
      returnUrl: null,
      settings,
      context,
    }),
  );
  right(
    await askFlow(config, id, 'start', {
      proof: { kind: 'link', sessionId, digest: linkDigest },
      browserDigest,
      settings,
      frozen: FROZEN,
      context,
    }),
  );
  const claimed: Claimed = right(
    await askFlow(config, id, 'claim', {
      sessionId,
      browserDigest,
      connection: account.connection,
      frozen: FROZEN,
      issuer: null,
      error: null,
      context,
    }),
  );
  if (claimed.kind !== 'exchange') throw new Error(`the callback was answered ${claimed.kind}`);
  const { claim } = claimed;
  const grant = await newGrant();
  const arrival: Named<'arrive'> = {
    sessionId,
    incarnation: claim.incarnation,
    generation: claim.generation,
    life: lifeOf(claim),
    finding: {
      kind: 'granted',
      tokens: {
        accessToken: await encrypted(claim, 'access_token', grant.accessToken),
        refreshToken: await encrypted(claim, 'refresh_token', grant.refreshToken),
        narrowedAccessToken: null,
        tokenType: 'Bearer',
        lifetimeMs: 3_600_000,
        refreshLifetimeMs: null,
        scopes: ['contacts.read'],
        captured: null,
        fingerprint: null,
      },
      identity: { subject: grant.subject, label: 'Ada', email: null, emailVerified: false },
      sentAtMs: Date.now(),
      durationMs: 1,
    },
    confirmDigest,
    settings,
    context,
  };
  return { id, grant, arrival, browserDigest };
}

/** What the operator's confirmation came to; the code of the refusal where the object refuses to look. */
export async function confirmed(flow: Waiting): Promise<string> {
  const answer = await askFlow(config, flow.id, 'confirm', {
    organization: null,
    sessionId: flow.sessionId,
    identifier: flow.identifier,
    confirmDigest: flow.confirmDigest,
    context,
  });
  return answer.ok ? answer.value.kind : answer.error.code;
}

/** The session's status, or the code of the refusal. */
export async function shown(flow: Waiting): Promise<string> {
  const answer = await askFlow(config, flow.id, 'show', { organization: null, sessionId: flow.sessionId });
  return answer.ok ? answer.value.status : answer.error.code;
}

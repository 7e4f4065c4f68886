/**
 * What a user does at the provider: signs in and says yes or no. By itself, as the server's `user` says, or on a page
 * with two buttons where a person or a browser test is to press them. oidc-provider does the rest.
 */

import type { Provider, ProviderContext } from './oidc-provider.ts';

/** The user at the browser. May change while the server runs. */
export interface OAuthUser {
  /** As whom they sign in; null: the login hint, or a name of their own. */
  subject: string | null;
  /** `ask`: a page with two buttons. */
  answer: 'allow' | 'deny' | 'ask';
  /** The scopes that the user grants; null: all that the client asked for. */
  scopes: readonly string[] | null;
}

const PATH = /^\/interaction\/[\w-]{1,64}$/;

export function interactionUrl(_ctx: unknown, interaction: { uid: string }): string {
  return `/interaction/${interaction.uid}`;
}

export function serveInteraction(provider: Provider, user: OAuthUser) {
  return async (ctx: ProviderContext, next: () => Promise<void>): Promise<void> => {
    if (!PATH.test(ctx.path)) return await next();
    const pressed = ctx.method === 'POST' ? await pressedButton(ctx) : null;
    const answer = pressed ?? user.answer;
    if (answer === 'ask') return page(ctx);
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    const hint = typeof params.login_hint === 'string' ? params.login_hint : null;
    const subject = user.subject ?? hint?.split('@')[0] ?? 'user-1';
    const result =
      answer === 'deny'
        ? { error: 'access_denied', error_description: 'The user said no' }
        : {
            login: { accountId: subject },
            consent: { grantId: await consent(provider, subject, params, user.scopes) },
          };
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
  };
}

async function consent(
  provider: Provider,
  accountId: string,
  params: Readonly<Record<string, unknown>>,
  only: readonly string[] | null,
): Promise<string> {
  const asked = String(params.scope ?? '').split(' ');
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) });
  const granted = asked.filter((scope) => only === null || only.includes(scope));
  grant.addOIDCScope(granted.join(' '));
  // Scopes that were not granted are refused once and for all, else the server would ask again.
  grant.rejectOIDCScope(asked.filter((scope) => !granted.includes(scope)).join(' '));
  return await grant.save();
}

async function pressedButton(ctx: ProviderContext): Promise<'allow' | 'deny'> {
  let text = '';
  for await (const chunk of ctx.req) text += String(chunk);
  return new URLSearchParams(text).get('answer') === 'allow' ? 'allow' : 'deny';
}

function page(ctx: ProviderContext): void {
  ctx.set('content-type', 'text/html; charset=utf-8');
  ctx.set('cache-control', 'no-store');
  ctx.body = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<h1>The provider</h1><form method="post"><button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button></form></html>`;
}

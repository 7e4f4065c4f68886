/**
 * What a provider shows its user under "connected apps": each living grant with a button that takes it back. A GET
 * changes nothing; a POST from another site's page is refused. No token is on the page.
 */

import type { ProviderContext } from './oidc-provider.ts';
import type { OAuthStore } from './store.ts';

export const GRANTS_PATH = '/grants';
const REVOKE = /^\/grants\/([\w-]{1,64})\/revoke$/;

export interface GrantsParts {
  readonly issuer: string;
  readonly store: OAuthStore;
  revoke(grantId: string): Promise<void>;
}

export function serveGrants({ issuer, store, revoke }: GrantsParts) {
  const own = [issuer, issuer.replace('127.0.0.1', 'localhost')];
  return async (ctx: ProviderContext, next: () => Promise<void>): Promise<void> => {
    const grantId = REVOKE.exec(ctx.path)?.[1];
    if (grantId === undefined && ctx.path !== GRANTS_PATH) return await next();
    ctx.set('cache-control', 'no-store');
    const method = grantId === undefined ? 'GET' : 'POST';
    if (ctx.method !== method) {
      ctx.status = 405;
      ctx.set('allow', method);
      return;
    }
    if (grantId === undefined) return page(ctx, store);
    // Browsers name the page that a form was posted from; what is no browser names none.
    const origin = ctx.get('origin');
    if (origin !== '' && !own.includes(origin)) {
      ctx.status = 403;
      return;
    }
    if (store.find('Grant', grantId) === undefined) {
      ctx.status = 404;
      return;
    }
    await revoke(grantId);
    ctx.status = 303;
    ctx.set('location', GRANTS_PATH);
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? char);

function page(ctx: ProviderContext, store: OAuthStore): void {
  const rows = store.grants().map(
    ({ grantId, subject, clientId, scope }) =>
      `<li><form method="post" action="${GRANTS_PATH}/${grantId}/revoke"><b>${escaped(clientId)}</b> for ${escaped(subject)}: ${escaped(scope)}
<button>Revoke</button></form></li>`,
  );
  ctx.status = 200;
  ctx.set('content-type', 'text/html; charset=utf-8');
  ctx.body = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Connected apps</title>
<h1>The provider: connected apps</h1>${rows.length === 0 ? '<p>None.</p>' : `<ul>${rows.join('\n')}</ul>`}</html>`;
}

/**
 * Serves every page of the connect flow, also those that no journey reaches, with the headers that the renderer gives
 * them. The one file of this layer that knows a room of the broker: what is looked at is how a page is laid out, and a
 * broker would have to be broken in many ways to show them all.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Locale, PageModel } from '#connect/page-model.ts';
import { renderPage } from '#connect/pages/render.ts';

export interface Gallery {
  /** The address of a page: `http://…/name?locale=de`. */
  addressOf(name: string, locale?: Locale): string;
  stop(): Promise<void>;
}

/** A page that leads on by itself stays, so that it can be looked at. */
const LEADS_ON = /<meta http-equiv="refresh"[^>]*>/;

/** On a free port of 127.0.0.1. Every form posts into the void: 204. */
export async function openGallery(models: Readonly<Record<string, PageModel>>): Promise<Gallery> {
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://gallery.invalid');
    const model = models[pathname.slice(1)];
    if (model === undefined || request.method !== 'GET') {
      response.writeHead(model === undefined ? 404 : 204).end();
      return;
    }
    const page = renderPage(model, (searchParams.get('locale') ?? 'en') as Locale);
    void page.text().then((html) => {
      response.writeHead(200, Object.fromEntries(page.headers)).end(html.replace(LEADS_ON, ''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    addressOf: (name, locale = 'en') => `http://127.0.0.1:${port}/${name}?locale=${locale}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

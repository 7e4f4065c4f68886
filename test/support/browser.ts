/**
 * A browser without a screen: a cookie jar by host as browsers keep it (ports share one), forms, redirects by hand, and
 * the headers by which a server tells where a request comes from.
 */

import { call, type Reply } from './callers.ts';

export interface Page extends Reply {
  /** Where it was in the end. */
  readonly url: string;
  /** Every address on the way, the first included. */
  readonly trail: readonly string[];
}

export interface Browser {
  /** A link that is clicked or typed; follows redirects. */
  open(url: string, headers?: Record<string, string>): Promise<Page>;
  /** One request of a page, no redirect followed. */
  request(method: string, url: string, headers?: Record<string, string>): Promise<Reply>;
  /** Presses the one button of a page's form. */
  submit(page: Pick<Page, 'url' | 'text'>): Promise<Page>;
  /** Follows redirects from an answer; stops before a host that `stopAt` begins with, and gives that address. */
  follow(reply: Reply, from: string, stopAt?: string): Promise<Page>;
  readonly cookies: Map<string, string>;
}

const MAX_REDIRECTS = 12;

export function browser(): Browser {
  const jar = new Map<string, string>();
  const cookieHeader = (url: URL): Record<string, string> => {
    const own = [...jar].filter(([key]) => {
      const [host = '', path = '/'] = key.split(' ');
      return host === url.hostname && url.pathname.startsWith(path);
    });
    const text = own.map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; ');
    return text === '' ? {} : { cookie: text };
  };
  const keep = (url: URL, header: string | undefined): void => {
    for (const line of header?.split(/,(?=\s*[\w.-]+=)/) ?? []) {
      const [pair = '', ...attributes] = line.trim().split(';');
      const at = pair.indexOf('=');
      const path = attributes.map((text) => /^\s*path=(.*)$/i.exec(text)?.[1]).find((text) => text) ?? '/';
      const name = `${url.hostname} ${path} ${pair.slice(0, at)}`;
      const ended = attributes.some(
        (text) => /^\s*expires=Thu, 01 Jan 1970/i.test(text) || /^\s*max-age=0/i.test(text),
      );
      if (ended || pair.slice(at + 1) === '') jar.delete(name);
      else jar.set(name, pair.slice(at + 1));
    }
  };
  const request: Browser['request'] = async (method, address, headers = {}) => {
    const url = new URL(address);
    const answer = await call(method, address, {
      headers: { accept: 'text/html', ...cookieHeader(url), ...headers },
      ...(method === 'POST'
        ? {
            raw: '',
            headers: {
              accept: 'text/html',
              'content-type': 'application/x-www-form-urlencoded',
              ...cookieHeader(url),
              ...headers,
            },
          }
        : {}),
    });
    keep(url, answer.headers['set-cookie']);
    return answer;
  };
  const follow: Browser['follow'] = async (reply, from, stopAt) => {
    let at = from;
    let answer = reply;
    const trail = [from];
    for (let n = 0; n < MAX_REDIRECTS && answer.status >= 300 && answer.status < 400; n += 1) {
      at = new URL(answer.headers['location'] ?? '', at).href;
      trail.push(at);
      if (stopAt !== undefined && at.startsWith(stopAt)) break;
      answer = await request('GET', at, { 'sec-fetch-site': 'cross-site' });
    }
    return { ...answer, url: at, trail };
  };
  return {
    cookies: jar,
    request,
    follow,
    open: async (url, headers = {}) =>
      follow(await request('GET', url, { 'sec-fetch-site': 'none', ...headers }), url),
    submit: async (page) => {
      const action = /<form[^>]*\saction="([^"]*)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`no form on ${page.url}:\n${page.text.slice(0, 500)}`);
      const url = new URL(action, page.url).href;
      const origin = new URL(page.url).origin;
      return follow(await request('POST', url, { 'sec-fetch-site': 'same-origin', origin }), url);
    },
  };
}

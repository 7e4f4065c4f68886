/**
 * A browser without a screen, as much of one as a connect flow needs: cookies by host and path (browsers let the ports
 * of a host share them; with a form of another origin none is sent, as `SameSite=Lax` has it), redirects followed by hand,
 * pages that go on by themselves, and the buttons of forms. No script runs, nothing is painted, and of a cookie's
 * attributes only path and end count.
 */

export interface Page {
  /** Where it was in the end. */
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

export interface CookieBrowser {
  /** A link that is clicked or typed. */
  open(url: string): Promise<Page>;
  /**
   * Presses the first button whose label contains `label`, in a form whose address contains `action`; the fields of
   * its form go with it. @throws Error: no such button
   */
  press(page: Page, label: string, action?: string): Promise<Page>;
}

const MAX_REDIRECTS = 12;
const LIMIT_MS = 30_000;
const FORM = /<form\b([^>]*)>([^]*?)<\/form>/g;
const BUTTON = /<button\b([^>]*)>([^]*?)<\/button>/g;
const INPUT = /<input\b([^>]*)>/g;

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

function attribute(tag: string, name: string): string | null {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(` ${tag}`)?.[1];
  return value === undefined ? null : value.replaceAll('&amp;', '&');
}

/** A page that leads on at once, by the one element that does so without a script. */
function comesOn(text: string): string | null {
  const address = /<meta http-equiv="refresh" content="0; url=([^"]+)"/.exec(text)?.[1];
  return address === undefined ? null : address.replaceAll('&amp;', '&');
}

/** `/a` is for `/a` and `/a/b`, and not for `/ab` (RFC 6265 §5.1.4). */
function isForPath(cookiePath: string, path: string): boolean {
  if (!path.startsWith(cookiePath)) return false;
  return cookiePath.endsWith('/') || path.length === cookiePath.length || path[cookiePath.length] === '/';
}

class Jar {
  #cookies: Cookie[] = [];

  header(url: URL): Record<string, string> {
    const own = this.#cookies.filter((one) => one.host === url.hostname && isForPath(one.path, url.pathname));
    return own.length === 0 ? {} : { cookie: own.map(({ name, value }) => `${name}=${value}`).join('; ') };
  }

  keep(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const valueOf = (name: string): string | undefined =>
        attributes.find((text) => text.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const cookie = {
        host: url.hostname,
        path: valueOf('path') ?? '/',
        name: pair.slice(0, at),
        value: pair.slice(at + 1),
      };
      const { host, path, name } = cookie;
      this.#cookies = this.#cookies.filter(
        (one) => one.host !== host || one.path !== path || one.name !== name,
      );
      const expires = valueOf('expires');
      const hasEnded =
        valueOf('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
      if (!hasEnded) this.#cookies.push(cookie);
    }
  }
}

/** Without cookies at first. */
export function cookieBrowser(): CookieBrowser {
  const jar = new Jar();

  async function load(address: string, form: URLSearchParams | null, from: string | null): Promise<Page> {
    let url = new URL(address);
    let body = form;
    for (let n = 0; n <= MAX_REDIRECTS; n += 1) {
      // A redirect after a form is fetched; `Origin` goes with the form alone.
      const answer = await fetch(url, {
        method: body === null ? 'GET' : 'POST',
        headers: {
          accept: 'text/html',
          ...(body !== null && from !== null && new URL(from).origin !== url.origin ? {} : jar.header(url)),
          ...(body === null || from === null ? {} : { origin: new URL(from).origin }),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      jar.keep(url, answer.headers.getSetCookie());
      const text = await answer.text();
      const isMoved = answer.status >= 300 && answer.status < 400;
      const location = isMoved ? answer.headers.get('location') : comesOn(text);
      if (location === null) return { url: url.href, status: answer.status, text };
      url = new URL(location, url);
      body = null;
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects, the last to ${url.origin}${url.pathname}`);
  }

  return {
    open: (url) => load(url, null, null),
    press: async (page, label, action = '') => {
      for (const [, formTag = '', inside = ''] of page.text.matchAll(FORM)) {
        if (!(attribute(formTag, 'action') ?? '').includes(action)) continue;
        for (const [, buttonTag = '', text = ''] of inside.matchAll(BUTTON)) {
          if (!text.includes(label)) continue;
          const fields = new URLSearchParams();
          for (const [, tag = ''] of inside.matchAll(INPUT)) {
            const name = attribute(tag, 'name');
            if (name !== null) fields.append(name, attribute(tag, 'value') ?? '');
          }
          const name = attribute(buttonTag, 'name');
          if (name !== null) fields.append(name, attribute(buttonTag, 'value') ?? '');
          return load(new URL(attribute(formTag, 'action') ?? '', page.url).href, fields, page.url);
        }
      }
      const { origin, pathname } = new URL(page.url);
      throw new Error(
        `no button "${label}" on ${origin}${pathname.split('/', 2).join('/')} (${page.status})`,
      );
    },
  };
}

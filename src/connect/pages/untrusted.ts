/**
 * Texts and addresses that others wrote, made fit to be shown. Markup is escaped by the renderer; here goes what escaping
 * leaves: characters that are not seen or turn the line round, endless texts, and addresses that run something. Pure.
 */

/** Longer names tell a reader no more; codes of ours are shorter. */
const MAX_CHARACTERS = 200;

/**
 * Controls, the marks that reorder or isolate what follows (a name must not turn the sentence around it), what takes no
 * room, and halves of characters. Joiners stay: scripts need them.
 */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\u061c\ufeff\ufff9-\ufffb]+/gu;

/** The text in one line, without what cannot be seen, cut with `…` where it is endless; `–` where nothing is left. */
export function shownText(text: string): string {
  const seen = text
    .slice(0, MAX_CHARACTERS * 8)
    .replaceAll(UNSEEN, ' ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
  const characters = [...seen];
  if (characters.length === 0) return '–';
  return characters.length > MAX_CHARACTERS ? `${characters.slice(0, MAX_CHARACTERS).join('')}…` : seen;
}

/**
 * The text whole, for a reader who decides by it: what is not seen or turns the line round is spelled out, nothing is
 * cut or tidied.
 *
 * @param lines line breaks stay
 */
export function exactText(text: string, lines = false): string {
  const spelled = text.replaceAll(UNSEEN, (run) =>
    [...run]
      .map((one) => (lines && one === '\n' ? one : `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`))
      .join(''),
  );
  return spelled === '' ? '–' : spelled;
}

/** The path when it is one on this host; else null. `//host` and `/\host` name another host. */
export function safePath(path: string | null): string | null {
  return path !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) && !path.includes('\\') ? path : null;
}

/** The address when a browser only goes there (`https:`, on loopback also `http:`); null for what would run here. */
export function safeAddress(url: string | null): string | null {
  const parsed = url === null ? null : URL.parse(url);
  return parsed?.protocol === 'https:' || parsed?.protocol === 'http:' ? parsed.href : null;
}

/** A picture that is in the page itself; null for everything that would be loaded from somewhere. */
export function safeLogo(url: string | null): string | null {
  const isPicture = /^data:image\/(?:png|jpeg|gif|webp|avif|svg\+xml)(?:;[a-z0-9=-]+)*,[\x21\x23-\x7e]*$/i;
  return url !== null && isPicture.test(url) ? url : null;
}

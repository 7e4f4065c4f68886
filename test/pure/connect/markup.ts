/** Reads what the renderer wrote, strictly: whatever is not a tag that is written as ours are, or text, is an error. */

const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>/y;
const ATTRIBUTE = / ([a-zA-Z-]+)(?:="([^"]*)")?/g;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

const decoded = (text: string) =>
  text.replaceAll(/&([a-z]+|#39);/g, (whole, name) => ENTITIES[name] ?? whole);

export interface Tag {
  readonly name: string;
  readonly isEnd: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Markup {
  readonly tags: readonly Tag[];
  /** All text with entities decoded, one space between pieces; the stylesheet's and the script's are not among it. */
  readonly text: string;
}

/** @throws where the text holds a `<` or `>` that is not of a tag of the renderer's own writing */
export function readMarkup(html: string): Markup {
  const doctype = '<!doctype html>';
  if (!html.startsWith(doctype)) throw new Error('no doctype');
  const tags: Tag[] = [];
  const texts: string[] = [];
  let at = doctype.length;
  while (at < html.length) {
    TAG.lastIndex = at;
    const match = TAG.exec(html);
    if (match !== null) {
      const [whole, slash, name = '', attributes = ''] = match;
      tags.push({
        name,
        isEnd: slash === '/',
        attributes: Object.fromEntries(
          [...attributes.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, decoded(value)]),
        ),
      });
      at += whole.length;
      continue;
    }
    const end = html.indexOf('<', at);
    const text = html.slice(at, end < 0 ? undefined : end);
    if (text === '' || text.includes('>')) throw new Error(`not ours: ${html.slice(at, at + 60)}`);
    if (!['style', 'script'].includes(tags.at(-1)?.name ?? '')) texts.push(decoded(text));
    at += text.length;
  }
  return { tags, text: texts.join(' ') };
}

/** Names of tags and of their attributes in order: what must not depend on what a text says. */
export function skeletonOf({ tags }: Markup): string[] {
  return tags.map(({ name, isEnd, attributes }) =>
    isEnd ? `/${name}` : [name, ...Object.keys(attributes)].join(' '),
  );
}

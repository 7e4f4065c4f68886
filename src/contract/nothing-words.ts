/**
 * What a program writes where it has no value: a language's word for nothing that became a text on its way. No provider
 * issues a credential that reads so, so that such a text is a missing one, from every sender.
 */

const NOTHING = /^(?:|null|undefined|none|nil|nan|void|true|false|\(null\)|\[object object\])$/i;
const QUOTED = /^(["'])(.*)\1$/s;

/** Blank texts count too; quotes and the space around a word do not matter. */
export function isNothingWord(text: string): boolean {
  const bare = text.trim();
  return NOTHING.test((QUOTED.exec(bare)?.[2] ?? bare).trim());
}

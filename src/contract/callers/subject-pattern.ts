/**
 * Patterns over the subjects of workload tokens: which are safe, which subjects they let in, and whether two of them let
 * in the same. Pure. A `*` at the end stands for any rest of at least one character; before the end it stands for
 * characters of one part, so for no `:` and no `/`: a branch that a stranger may name reaches no further than its part.
 */

import { ISSUERS_OF_ALL, OTHER_PUBLIC_ISSUERS, presetOf } from './workload-presets.ts';

export const MAX_SUBJECT = 512;
/** Stars of one pattern. */
const MAX_STARS = 4;

/** Why this subject may not stand at this issuer, or null: it may. In the grammar of "`subject` …". */
export function subjectProblem(
  issuer: string,
  subject: string,
  presetName: string | undefined,
): string | null {
  const stars = subject.split('*').length - 1;
  if (subject.includes('**')) return 'must not contain `**`';
  if (stars > MAX_STARS) return `may contain \`*\` ${MAX_STARS} times`;
  const preset = presetOf(issuer, presetName);
  if (preset === 'foreign') return null;
  // With its first `*`: an owner whose name the pattern goes on in is not named to its end.
  const literal = stars === 0 ? subject : subject.slice(0, subject.indexOf('*') + 1);
  if (preset === null) {
    if (stars === 0) return null;
    const shared = OTHER_PUBLIC_ISSUERS.find(({ issuers }) => issuers?.test(issuer) === true);
    if (shared !== undefined && !shared.owner.test(literal)) return ofStrangers(shared);
    if (/^[^*]+[:/]\*$/.test(subject)) return null;
    return 'may contain `*` only at its end, after a `:` or a `/`, where no preset says what the parts of a subject mean';
  }
  if (preset.whole !== undefined && !preset.whole.test(subject))
    return `must be ${preset.begins}, e.g. \`${preset.safe}\` (${preset.title})`;
  if (preset.owner.test(literal)) return null;
  return stars === 0 ? `does not name its owner; ${beginning(preset)}` : ofStrangers(preset);
}

type Grammar = (typeof OTHER_PUBLIC_ISSUERS)[number];

const beginning = ({ begins, safe, title }: Grammar): string =>
  `it must begin with ${begins}, e.g. \`${safe}\` (${title})`;

const ofStrangers = (grammar: Grammar): string =>
  `lets strangers in: \`*\` stands before the owner is named; ${beginning(grammar)}`;

/** Why tokens of this issuer cannot be told apart by their owner, or null. In the grammar of "`issuer` …". */
export function issuerProblem(issuer: string): string | null {
  return ISSUERS_OF_ALL.test(issuer)
    ? 'is that of every tenant: name the issuer of your own, with the id of the tenant in it'
    : null;
}

/** What one place of a pattern takes: a character, `part` (one of a part) or `any`; `again`: any number of times. */
type Place = { readonly takes: string; readonly again: boolean };

const isCharacter = (takes: string): boolean => takes !== 'part' && takes !== 'any';

function placesOf(pattern: string): Place[] {
  const last = pattern.length - 1;
  return Array.from(pattern, (sign, index) => ({ sign, index })).flatMap(({ sign, index }): Place[] => {
    if (sign !== '*') return [{ takes: sign, again: false }];
    const takes = index === last ? 'any' : 'part';
    return [
      { takes, again: false },
      { takes, again: true },
    ];
  });
}

function meet(one: string, other: string): boolean {
  if (isCharacter(one) && isCharacter(other)) return one === other;
  const character = isCharacter(one) ? one : isCharacter(other) ? other : null;
  if (character === null || (one !== 'part' && other !== 'part')) return true;
  return character !== ':' && character !== '/';
}

/** Whether some subject is let in by both. Walks both at once; `again` may be left at any place. */
export function patternsOverlap(one: string, other: string): boolean {
  if (!one.includes('*') && !other.includes('*')) return one === other;
  const [left, right] = [placesOf(one), placesOf(other)];
  const width = right.length + 1;
  const reached = new Uint8Array((left.length + 1) * width);
  reached[0] = 1;
  for (let row = 0; row <= left.length; row += 1) {
    for (let column = 0; column <= right.length; column += 1) {
      const at = row * width + column;
      if (reached[at] === 0) continue;
      const [here, there] = [left[row], right[column]];
      if (here?.again === true) reached[at + width] = 1;
      if (there?.again === true) reached[at + 1] = 1;
      if (here === undefined || there === undefined || !meet(here.takes, there.takes)) continue;
      reached[at + (here.again ? 0 : width) + (there.again ? 0 : 1)] = 1;
    }
  }
  return reached.at(-1) === 1;
}

/** Whether the pattern lets this subject in. A `*` in the subject itself is a character like others. */
export function matchesSubject(pattern: string, subject: string): boolean {
  if (!pattern.includes('*')) return pattern === subject;
  if (subject.includes('*')) return false;
  return patternsOverlap(pattern, subject);
}

/** Up to where a subject is the same for all that a pattern lets in, cut back to the end of a part. */
export function prefixOf(pattern: string): string {
  const star = pattern.indexOf('*');
  return star < 0 ? pattern : pattern.slice(0, star).replace(/[^:/]*$/, '');
}

/** What `prefixOf` may say of the patterns that let this subject in. */
export function prefixesOf(subject: string): string[] {
  const ends = [...subject.matchAll(/[:/]/g)].map(({ index }) => subject.slice(0, index + 1));
  return [...new Set(['', ...ends, subject])];
}

/**
 * Facts → entries of the catalogue. Copies what the schema has a name for, turns prose into data where it is regular,
 * leaves out what is a default or holds for everybody. It invents nothing: what needs judgement is in corrections.ts.
 */

import { Descriptor, placeholdersIn, type DescriptorInput } from '#providers/descriptor.ts';
import { correct } from './corrections.ts';
import { isUniversal, type FactRow, type Facts } from './facts.ts';

type Row = NonNullable<DescriptorInput['terminal_refresh_errors']>[number];
type Tables = 'terminal_refresh_errors' | 'transient_refresh_errors';

const THROTTLE_TEXT = /rate limit|rate-limit|too many|throttl|\(loop/i;
const THROTTLE_CODES = /^(?:ratelimited|rate_limited|rate_limit_exceeded|RATE_LIMITS)$/;
const EXCHANGE_ONLY =
  /\(exchange only\)|^code incorrect or expired \(10 min\)$|^callback mismatch$|^code\/token invalid$/;

const ALWAYS = ['id', 'display_name', 'auth_type', 'confidence'];

/** The order in which an entry is read: who it is, where it lives, how it is asked, what it answers, how sure that is. */
const LAST = [
  'terminal_refresh_errors',
  'transient_refresh_errors',
  'source',
  'evidence',
  'unverified_fields',
  'confidence',
];

/** The entry of one provider, without anything that the schema's defaults say. */
export function entryOf(facts: Facts): DescriptorInput {
  const whole = correct(facts.id, mapped(facts));
  const known = Descriptor.parse(whole);
  const defaults = Descriptor.parse({ id: '0', display_name: '0', auth_type: 'oauth2' });
  const kept = Object.entries(whole).filter(([key, value]) => {
    if (value === undefined || ALWAYS.includes(key)) return value !== undefined;
    const field = key as keyof Descriptor;
    return JSON.stringify(known[field]) !== JSON.stringify(defaults[field]);
  });
  const rank = ([key]: [string, unknown]) => LAST.indexOf(key);
  return Object.fromEntries(kept.toSorted((a, b) => rank(a) - rank(b))) as unknown as DescriptorInput;
}

function mapped(facts: Facts): DescriptorInput {
  const own = Object.fromEntries(
    Object.keys(Descriptor.shape)
      .filter((key) => Object.hasOwn(facts, key))
      .map((key) => [key, facts[key as keyof Facts]]),
  ) as unknown as DescriptorInput;
  const generic = facts.terminal_refresh_errors_generic;
  return {
    ...own,
    terminal_refresh_errors: generic ? [] : facts.terminal_refresh_errors.map((row) => rowOf(row, false)),
    transient_refresh_errors: facts.transient_refresh_errors
      .filter((row) => !isUniversal(row))
      .map((row) => rowOf(row, true)),
    url_template_vars: variablesOf(facts),
    token_response_map: isPlain(facts.token_response_map) ? null : facts.token_response_map,
    token_response_success_check: successCheckOf(facts.token_response_success_check),
    source: [...new Set(facts.source.map(sourceOf))].filter((source) => source !== null),
    unverified_fields: unverifiedOf(facts),
  };
}

/** The four fields under their own names are what is read without a map too. */
const isPlain = (map: Facts['token_response_map']): boolean =>
  Object.entries(map ?? {}).every(([field, path]) => field === path) && Object.keys(map ?? {}).length === 4;

function rowOf(row: FactRow, transient: boolean): Row {
  const { means = '', field, error } = row;
  // Strava names its code and its resource in one expression.
  const pair = /^errors\[\]\.code=(\S+) on resource (\S+)$/.exec(field ?? '');
  const text = `${means}\n${row.description_contains ?? ''}`;
  const throttle = transient && (THROTTLE_TEXT.test(text) || (error !== null && THROTTLE_CODES.test(error)));
  return {
    status: row.status,
    error,
    ...(pair === null ? (field === undefined ? {} : { field }) : { field: 'message' }),
    ...(row.field_alt === undefined ? {} : { field_alt: row.field_alt }),
    ...(row.description_contains === null ? {} : { description_contains: row.description_contains }),
    ...(row.error_codes === undefined ? {} : { error_codes: row.error_codes }),
    ...(row.error_subtype === undefined ? {} : { error_subtype: row.error_subtype }),
    ...(pair === null
      ? {}
      : {
          also: [
            { path: 'errors[].code', equals: pair[1] ?? '' },
            { path: 'errors[].resource', equals: pair[2] ?? '' },
          ],
        }),
    ...(means === '' ? {} : { means }),
    recovery: row.recovery as Row['recovery'],
    ...(EXCHANGE_ONLY.test(means) ? { exchange_only: true } : {}),
    ...(throttle ? { throttle: true } : {}),
  };
}

function successCheckOf(text: string | null): DescriptorInput['token_response_success_check'] {
  if (text === null) return null;
  const equal = /^(\S+) === (.+)$/.exec(text);
  if (equal) return { path: equal[1] ?? '', equals: JSON.parse(equal[2] ?? '') as string | number | boolean };
  const [, path = '', state] = /^(\S+) is (absent|present)$/.exec(text) ?? [];
  if (state === undefined) throw new Error(`a success check that is not understood: ${text}`);
  return state === 'absent' ? { absent: path } : { present: path };
}

const FROM_ACCOUNT =
  /token response|callback|after connect|userinfo|stored token|stored key|authorization\.json|oauth2\/metadata|login response|id_token/i;
const FROM_USER = /^(?:user input|connect-time config|config)/;

/** Only what an URL or a parameter uses: a variable without a place would be accepted and do nothing. */
function variablesOf(facts: Facts): NonNullable<DescriptorInput['url_template_vars']> {
  const texts = [
    facts.authorization_url,
    facts.token_url,
    facts.refresh_url,
    facts.revocation_url,
    facts.userinfo_url,
    facts.token_header,
    ...(facts.api_base_urls ?? []),
    ...[facts.extra_authorization_params, facts.extra_token_params, facts.extra_refresh_params].flatMap(
      (params) => Object.values(params ?? {}),
    ),
  ];
  const used = new Set(texts.flatMap((text) => placeholdersIn(text ?? '')));
  return Object.fromEntries(
    Object.entries(facts.url_template_vars)
      .filter(([name]) => used.has(name))
      .map(([name, variable]) => {
        const source = variable.source ?? '';
        const ofAccount = !FROM_USER.test(source) && FROM_ACCOUNT.test(source);
        const token = /^token response(?: field)? (\w+)$/.exec(source)?.[1];
        const callback = /^callback (?:query )?(\w+)$/.exec(source)?.[1];
        const from =
          token === undefined
            ? callback === undefined
              ? undefined
              : `callback.${callback}`
            : `token_response.${token}`;
        return [
          name,
          {
            name,
            required: variable.required,
            pattern: variable.pattern,
            ...(variable.default == null ? {} : { default: variable.default }),
            ...(source === '' ? {} : { source }),
            ...(ofAccount ? { stage: 'account' as const } : {}),
            ...(from === undefined ? {} : { from }),
          },
        ];
      }),
  );
}

/** Where a fact was read, without remarks on how it was found; null where only such a remark is left. */
function sourceOf(text: string): string | null {
  if (text.startsWith('background knowledge')) return 'general knowledge';
  if (/^(?:find_string|research note|skillsmp)/.test(text)) return null;
  const commit = /commit ([0-9a-f]{6,40})\b/.exec(text)?.[1] ?? 'HEAD';
  const plain = text.replace(/ \([^)]*\)$/, '');
  const file = /^(?:github:)?([\w-]+\/[\w.-]+) (\S+)/.exec(plain);
  if (file !== null) return `https://github.com/${file[1]}/blob/${commit}/${file[2]}`;
  return plain.slice(0, 300);
}

/** Notes are not carried over, so neither is their uncertainty; rows that are left out move the numbers of the others. */
function unverifiedOf(facts: Facts): string[] {
  return facts.unverified_fields
    .filter((field) => !/^(?:api_expiry_signals|rate_limit_note|response_quirks|\w+_note)\b/.test(field))
    .flatMap((field) => {
      const table = /^(terminal_refresh_errors|transient_refresh_errors)\[([\d.,]+)\](.*)$/.exec(field);
      if (table === null) {
        return facts.terminal_refresh_errors_generic && field === 'terminal_refresh_errors' ? [] : [field];
      }
      const name = table[1] as Tables;
      const rows = facts[name];
      const kept = rows.filter((row) => name === 'terminal_refresh_errors' || !isUniversal(row));
      const places = rangesOf(table[2] ?? '').flatMap((place) => {
        const row = rows[place];
        const moved = row === undefined ? -1 : kept.indexOf(row);
        return moved < 0 ? [] : [moved];
      });
      return places.length === 0 ? [] : [`${name}[${places.join(',')}]${table[3] ?? ''}`];
    });
}

const rangesOf = (text: string): number[] =>
  text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('..').map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });

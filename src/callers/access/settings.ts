/**
 * Cloudflare Access as a deployment has it: whose tokens prove operators, for which application, and which role each
 * person or group has. Pure. A setting that cannot be read lets no caller in: half a table of roles is none.
 */

import { ROLES, type Role } from '#contract/roles.ts';
import type { Config } from '#env.ts';
import { err, ok, type Result } from '#lib/result.ts';

/** `person`: an e-mail address in lower case. `domain`: all addresses of one. `group`: a name, as the token has it. */
export interface AccessRole {
  readonly kind: 'person' | 'domain' | 'group';
  readonly name: string;
  readonly role: Role;
}

export interface AccessSettings {
  /** `iss` of the tokens: the team's own address. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** `aud` of the tokens: tags of applications. */
  readonly audiences: readonly string[];
  /** The first that fits counts. */
  readonly roles: readonly AccessRole[];
}

type Texts = Pick<Config, 'accessTeam' | 'accessAudience' | 'accessRoles' | 'allowLoopback'>;

const TEAM = /^[a-z0-9-]{1,63}$/;
const DOMAIN = '.cloudflareaccess.com';
const TAG = /^[A-Za-z0-9_-]{1,128}$/;
const CERTS = '/cdn-cgi/access/certs';

const listed = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

function issuerOf(team: string, allowLoopback: boolean): string | null {
  const name = team
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '')
    .replace(DOMAIN, '');
  if (TEAM.test(name)) return `https://${name}${DOMAIN}`;
  const isLocal = allowLoopback && /^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(team);
  return isLocal ? team : null;
}

function roleFrom(entry: string): AccessRole | null {
  const [, who = '', given = ''] = /^(.+)=([a-z]+)$/.exec(entry) ?? [];
  const role = ROLES.find((name) => name === given);
  if (role === undefined) return null;
  const group = /^group:(.{1,256})$/.exec(who)?.[1];
  if (group !== undefined) return { kind: 'group', name: group, role };
  const domain = /^@([^@\s]{1,255})$/.exec(who)?.[1];
  if (domain !== undefined) return { kind: 'domain', name: domain.toLowerCase(), role };
  return /^[^@\s]{1,64}@[^@\s]{1,255}$/.test(who) ? { kind: 'person', name: who.toLowerCase(), role } : null;
}

/** Null: the deployment has none of it. An error names the setting that cannot be used, and repeats no value. */
export function accessSettings(texts: Texts): Result<AccessSettings | null, string> {
  const { accessTeam: team, accessAudience: audience, accessRoles: roles, allowLoopback } = texts;
  if (team === null && audience === null && roles === null) return ok(null);
  if (team === null) return err('ACCESS_TEAM is not set');
  if (audience === null) return err('ACCESS_AUD is not set');
  if (roles === null) return err('ACCESS_ROLES is not set: Access lets no operator in');
  const issuer = issuerOf(team, allowLoopback);
  if (issuer === null)
    return err('ACCESS_TEAM must be the name of the team, as in <team>.cloudflareaccess.com');
  const audiences = listed(audience);
  if (audiences.length === 0 || !audiences.every((tag) => TAG.test(tag)))
    return err('ACCESS_AUD must be the tag of the application, or several between commas');
  const table = listed(roles).map(roleFrom);
  const wrong = table.indexOf(null);
  if (wrong >= 0 || table.length === 0)
    return err(
      `ACCESS_ROLES must hold <e-mail>=<role>, @<domain>=<role> or group:<name>=<role> between commas, with a role of ${ROLES.join(', ')}; entry ${wrong + 1} is none`,
    );
  return ok({ issuer, jwksUri: issuer + CERTS, audiences, roles: table.filter((one) => one !== null) });
}

/** The groups of a token, by name and by what else they are called, wherever Access puts them. */
function groupsIn(claims: Readonly<Record<string, unknown>>): string[] {
  const custom = claims['custom'];
  const more =
    typeof custom === 'object' && custom !== null ? (custom as { groups?: unknown }).groups : undefined;
  return [claims['groups'], more].flatMap((list) =>
    Array.isArray(list)
      ? list.flatMap((group: unknown) =>
          typeof group === 'string'
            ? [group]
            : Object.values((group ?? {}) as Record<string, unknown>).filter(
                (name) => typeof name === 'string',
              ),
        )
      : [],
  );
}

/** The e-mail address of a token, in lower case; null: it has none. */
export function emailIn(claims: Readonly<Record<string, unknown>>): string | null {
  const { email } = claims as { email?: unknown };
  return typeof email === 'string' &&
    /^[\x21-\x7e]{1,64}@[^@\s]{1,190}$/.test(email) &&
    email.split('@').length === 2
    ? email.toLowerCase()
    : null;
}

/** The role of the first entry that fits; null: none does. */
export function roleOf(claims: Readonly<Record<string, unknown>>, roles: readonly AccessRole[]): Role | null {
  const email = emailIn(claims);
  const domain = email?.split('@')[1];
  const groups = groupsIn(claims);
  const found = roles.find(({ kind, name }) => {
    if (kind === 'group') return groups.includes(name);
    return kind === 'person' ? email === name : domain === name;
  });
  return found?.role ?? null;
}

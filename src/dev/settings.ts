/**
 * The settings of the Worker by their names, as the development programs pass them on. Their meaning, and which values
 * are good, stands in `src/env.ts`; here nothing is judged.
 */

/** Everything that the Worker reads beside its bindings. */
const SETTING_NAMES = [
  'ADMIN_KEY',
  'MASTER_KEYS',
  'BASE_URL',
  'ALLOW_LOOPBACK',
  'ALLOW_UNVERIFIED_LINKS',
  'OPERATOR_NAME',
  'OPERATOR_LOGO',
  'DNS_RESOLVER',
  'EXCHANGE_BUDGET_MS',
  'RATE_LIMIT_PER_MINUTE',
  'BROWSER_RATE_LIMIT_PER_MINUTE',
  'MCP_OAUTH',
  'ACCESS_TEAM',
  'ACCESS_AUD',
  'ACCESS_ROLES',
  'LOG_LEVEL',
] as const;

/** Secrets that credentials of accounts name (`source`): the operator chooses what stands behind this. */
type CredentialName = `CREDENTIAL_${string}`;

export type SettingName = (typeof SETTING_NAMES)[number] | CredentialName;
export type Settings = Readonly<Partial<Record<SettingName, string>>>;

/** The settings among the variables of an environment; empty ones count as not set. */
export function settingsIn(env: Readonly<Record<string, string | undefined>>): Settings {
  const names = [...SETTING_NAMES, ...Object.keys(env).filter(isCredentialName)];
  const entries = names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  return Object.fromEntries(entries);
}

/** An environment for a child that has these settings and none from the shell that started us. */
export function environmentWith(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string | undefined> {
  const names: readonly string[] = SETTING_NAMES;
  const rest = Object.entries(env).filter(([name]) => !names.includes(name) && !isCredentialName(name));
  return { ...Object.fromEntries(rest), ...settings };
}

function isCredentialName(name: string): name is CredentialName {
  return name.startsWith('CREDENTIAL_');
}

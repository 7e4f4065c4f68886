/** All built-in tools, by name and by the entry of the catalogue whose accounts they work with. Pure data, made once. */

import type { Tool, ToolSet } from '../tool.ts';
import { github } from './github.ts';
import { gmail } from './google/gmail.ts';
import { googleCalendar } from './google/calendar.ts';
import { googleDrive } from './google/drive.ts';
import { googleSheets } from './google/sheets.ts';
import { hubspot } from './hubspot.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import { outlookCalendar } from './microsoft/calendar.ts';
import { outlookMail } from './microsoft/mail.ts';
import { notion } from './notion.ts';
import { salesforce } from './salesforce.ts';
import { slack } from './slack.ts';
import { stripe } from './stripe.ts';

/** In the order of lists. */
export const TOOL_SETS: readonly ToolSet[] = [
  hubspot,
  slack,
  github,
  gmail,
  googleCalendar,
  googleDrive,
  googleSheets,
  notion,
  jira,
  linear,
  salesforce,
  outlookMail,
  outlookCalendar,
  stripe,
];

const BUILT_IN: ReadonlyMap<string, Tool> = new Map(
  TOOL_SETS.flatMap(({ provider, errors, tools }) =>
    tools.map((row): [string, Tool] => [row.name, { ...row, provider, connection: null, errors }]),
  ),
);

const BASES: ReadonlyMap<string, string> = new Map(
  TOOL_SETS.map(({ provider, base_url }) => [provider, base_url]),
);

export function builtInTools(): Iterable<Tool> {
  return BUILT_IN.values();
}

export function builtInTool(name: string): Tool | null {
  return BUILT_IN.get(name) ?? null;
}

/** The API behind whose URL the tools of this provider stand; null: it has none here. */
export function baseUrlOf({ provider, connection }: Pick<Tool, 'provider' | 'connection'>): string | null {
  return connection === null ? (BASES.get(provider) ?? null) : null;
}

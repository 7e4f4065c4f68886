/**
 * `POST /v1/credentials/import`: many grants from elsewhere, a line each, and a line back for each in the same order.
 * Nothing is proven (the schedule refreshes them); so a living grant is not replaced unless its line says so.
 */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub } from '#accounts/stub.ts';
import { isRenewedType, type CredentialType } from '#contract/machine/kinds.ts';
import { unwrap } from '#contract/answer.ts';
import { ImportLine, ImportLineResult, MAX_IMPORT_LINES } from '#contract/accounts/connected-accounts.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { accountId } from '#crypto/digest.ts';
import { ensureStaticConnection } from '#directory/connections/static-connection.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { AppEnv } from '../../context.ts';
import {
  bringerOf,
  credentialFields,
  requireParts,
  requireSettings,
  requireVault,
} from '../../credentials.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { checked, requireOwnOrganization } from '../../http/input.ts';
import { bodyText, requireShallow } from '../../http/limits.ts';
import { errorResponse } from '../../http/problem.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const TYPES: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/jsonlines',
  'application/x-jsonlines',
]);
/** Accounts that are written to at the same time. */
const AT_ONCE = 8;

const route = createRoute({
  method: 'post',
  path: '/v1/credentials/import',
  summary: 'Import many credentials, unproven',
  description: `Newline-delimited JSON, at most ${MAX_IMPORT_LINES.toLocaleString('en')} lines and 1 MiB; answered with a line for each, in their order, as they are done. Nothing is exchanged: grants are refreshed by the schedule. A line over a living grant is 409 \`conflict\` unless its credential says \`verify: false\`; the same refresh token again is 200 and changes nothing, so that a file may be sent twice.`,
  request: { body: { required: true, content: { 'application/x-ndjson': { schema: ImportLine } } } },
  responses: {
    ...responses({}, ['vault_locked', 'too_large', 'unsupported_media_type']),
    200: {
      description: 'A line for each',
      content: { 'application/x-ndjson': { schema: ImportLineResult } },
    },
  },
});

interface Line {
  readonly number: number;
  readonly text: string;
}

/** The lines that hold something. @throws ProblemError 400, 413, 415 */
async function linesOf(c: Context<AppEnv>): Promise<readonly Line[]> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const text = await bodyText(c);
  if (!TYPES.has(type)) {
    throw new ProblemError('unsupported_media_type', {
      detail: 'send a JSON object a line, with the header Content-Type: application/x-ndjson',
    });
  }
  const lines = text
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter((line) => line.text !== '');
  if (lines.length === 0) throw invalid('', 'the body is empty: send a JSON object a line');
  if (lines.length > MAX_IMPORT_LINES) throw invalid('', `has more than ${MAX_IMPORT_LINES} lines`);
  return lines;
}

/** @throws ProblemError 400 with the paths of what is wrong in it */
function parsed(c: Context<AppEnv>, text: string): ImportLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('', 'the line is not JSON');
  }
  requireShallow(value);
  requireOwnOrganization(c, value);
  return checked(ImportLine, value);
}

/** The settings of each connection are read once. */
function connectionsOf(
  c: Context<AppEnv>,
): (id: string, type: CredentialType, organization: string) => Promise<ConnectionSettings> {
  const known = new Map<string, Promise<ConnectionSettings>>();
  return (id, type, organization) => {
    const key = `${isRenewedType(type) ? '' : type}:${id}:${organization}`;
    const found = known.get(key) ?? read(id, type, organization);
    known.set(key, found);
    return found;
  };
  function read(id: string, type: CredentialType, organization: string): Promise<ConnectionSettings> {
    return isRenewedType(type) || c.get('operator').organization !== null
      ? requireSettings(c, id, organization)
      : ensureStaticConnection(c.get('config'), id, type, contextOf(c, c.get('operator')));
  }
}

type Connections = ReturnType<typeof connectionsOf>;

/** Never throws. `before`: what the same account is still busy with. */
async function imported(
  c: Context<AppEnv>,
  connections: Connections,
  busy: Map<string, Promise<unknown>>,
  line: Line,
): Promise<ImportLineResult> {
  try {
    const { connection, identifier, organization: asked, credential: body } = parsed(c, line.text);
    const organization = c.get('operator').organization ?? asked ?? '';
    const id = accountId(organization, connection, identifier);
    const work = (busy.get(id) ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => {
        await requireParts(c, connection, body);
        const settings = await connections(connection, body.type, organization);
        const credential = await credentialFields(body, settings, bringerOf(c));
        const context = contextOf(c, c.get('operator'));
        const birth = {
          accountId: id,
          organization,
          connection,
          identifier,
          settings,
          metadata: {},
          context,
        };
        const mode = body.verify === false ? 'trust' : 'bulk';
        const stub = accountStub(c.get('config'), id, settings.location);
        return unwrap(await stub.import({ birth, credential, settings, mode, context }));
      });
    busy.set(id, work);
    const { created, account } = await work;
    return { line: line.number, status: created ? 201 : 200, id: account.id };
  } catch (error) {
    const problem = await errorResponse(error, c.get('correlationId')).json<{
      status: number;
      code: string;
      detail: string;
    }>();
    const { status, code, detail } = problem;
    return { line: line.number, status, code, detail };
  }
}

/** A line as each is done, in their order; a caller that hangs up stops the lines that have not begun. */
function stream(c: Context<AppEnv>, lines: readonly Line[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const connections = connectionsOf(c);
  const busy = new Map<string, Promise<unknown>>();
  const running: Promise<ImportLineResult>[] = [];
  let next = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (; next < lines.length && running.length < AT_ONCE; next += 1) {
        const line = lines[next];
        if (line !== undefined) running.push(imported(c, connections, busy, line));
      }
      const done = await running.shift();
      if (done === undefined) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(done)}\n`));
    },
    cancel() {
      next = lines.length;
    },
  });
}

export function bulkImportRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, requireOperator, async (c) => {
    const lines = await linesOf(c);
    await requireVault(c);
    return new Response(stream(c, lines), { headers: { 'content-type': 'application/x-ndjson' } });
  });
  return router;
}

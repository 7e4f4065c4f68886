/** The operator's own key, `ADMIN_KEY`, a secret of the deployment. Comparing it asks nobody. */

import { equalDigests, purposeDigest } from '#crypto/digest.ts';
import type { Config } from '#env.ts';
import { ok } from '#lib/result.ts';
import { namedKeyId } from '../bearer.ts';
import { UNDELEGATED, type Method, type OperatorProof } from '../proof.ts';

/** What any `ADMIN_KEY` looks like, see `env.ts`. Other texts need no comparison: their form is no secret. */
const FORM = /^[\x21-\x7e]{32,256}$/;
const PURPOSE = 'admin key v1';

interface Configured {
  readonly digest: string;
  /** It has the form of an agent key: any text may be the operator's own key, also such a one. */
  readonly looksLikeAgents: boolean;
}

/** The configured key's digest, once per isolate: each request then costs at most the digest of what it presents. */
const configured = new WeakMap<object, Configured>();

/**
 * False for everything where no `ADMIN_KEY` is configured. What has another form than it is not compared: an agent's
 * key costs no digest here, and all that its time tells is whether `ADMIN_KEY` was chosen to look like one.
 */
export function isRootKey(config: Pick<Config, 'adminKey'>, text: string): boolean {
  if (config.adminKey === null || !FORM.test(text)) return false;
  let known = configured.get(config);
  if (known === undefined) {
    const { adminKey } = config;
    known = { digest: purposeDigest(PURPOSE, adminKey), looksLikeAgents: namedKeyId(adminKey) !== null };
    configured.set(config, known);
  }
  if ((namedKeyId(text) !== null) !== known.looksLikeAgents) return false;
  return equalDigests(known.digest, purposeDigest(PURPOSE, text));
}

/** There is one `ADMIN_KEY` and the key itself is never an id. */
const ROOT: Omit<OperatorProof, 'provedAtMs'> = {
  plane: 'operator',
  method: 'admin_key',
  id: 'admin',
  organization: null,
  role: 'admin',
  keyId: null,
  expiresAtMs: null,
  issuedAtMs: null,
  ...UNDELEGATED,
};

export const rootKey: Method = ({ config }, token, now) =>
  token !== null && isRootKey(config, token) ? ok({ ...ROOT, provedAtMs: now() }) : null;

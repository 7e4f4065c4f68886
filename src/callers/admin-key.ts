/** The operator's own key, a secret of the deployment. Compared before any other form, also when it begins with `vk_`. */

import { equalDigests, purposeDigest } from '#crypto/digest.ts';
import type { Config } from '#env.ts';

/** What any `ADMIN_KEY` looks like, see `env.ts`. Other texts need no comparison: their form is no secret. */
const FORM = /^[\x21-\x7e]{32,256}$/;
const PURPOSE = 'admin key v1';

/** The configured key's digest, once per isolate: each request then costs the digest of what it presents alone. */
const digests = new WeakMap<object, string>();

/** False for everything where no `ADMIN_KEY` is configured. */
export function isAdminKey(config: Pick<Config, 'adminKey'>, text: string): boolean {
  if (config.adminKey === null || !FORM.test(text)) return false;
  let digest = digests.get(config);
  if (digest === undefined) {
    digest = purposeDigest(PURPOSE, config.adminKey);
    digests.set(config, digest);
  }
  return equalDigests(digest, purposeDigest(PURPOSE, text));
}

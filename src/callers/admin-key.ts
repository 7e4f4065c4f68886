/** The operator's own key, a secret of the deployment. Compared before any other form, also when it begins with `vk_`. */

import { equalSecrets } from '#crypto/digest.ts';
import type { Config } from '#env.ts';

/** What any `ADMIN_KEY` looks like, see `env.ts`. Other texts need no comparison: their form is no secret. */
const FORM = /^[\x21-\x7e]{32,256}$/;

/** False for everything where no `ADMIN_KEY` is configured. */
export function isAdminKey(config: Pick<Config, 'adminKey'>, text: string): boolean {
  return config.adminKey !== null && FORM.test(text) && equalSecrets(config.adminKey, text);
}

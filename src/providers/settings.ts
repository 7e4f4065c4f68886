/** What an account keeps of its connection, so that it works on when the directory does not answer. Data only. */

import type { Descriptor } from './descriptor.ts';

export type CredentialType = 'oauth2' | 'api_key' | 'basic' | 'custom';

/** `clientSecrets` are ciphertexts under the connection data key, which travels wrapped in `dataKey`. */
export interface ConnectionSettings {
  readonly id: string;
  /** Rises with every change of the connection. */
  readonly version: number;
  readonly provider: string;
  readonly authType: CredentialType;
  readonly clientId: string | null;
  /** Tried in this order while one is replaced. */
  readonly clientSecrets: readonly string[];
  readonly dataKey: string;
  readonly scopes: readonly string[];
  /** Resolved: explicit endpoints, metadata and variables are already in it. */
  readonly descriptor: Descriptor;
  /** `proactive`, `on_demand`, `idle_after:…`. */
  readonly rotation: string;
}

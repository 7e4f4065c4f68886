/** What an account keeps of its connection, so that it works on when the directory does not answer. Data only. */

import type { Location, TokenAccess, Verification } from '#contract/connections/connections.ts';
import type { CredentialType } from '#contract/machine/kinds.ts';
import type { Descriptor } from './descriptor.ts';

export type { CredentialType };

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
  readonly tokenAccess: TokenAccess;
  /** Overdue accounts spread themselves over the time that their number needs; null: no limit of its own. */
  readonly maxRefreshesPerSecond: number | null;
  /** How it is made sure who finished a connect flow; links may say otherwise. */
  readonly verification: Verification;
  /** Where a finished flow may go back to, compared exactly. */
  readonly returnUrls: readonly string[];
  /** How long access tokens live, as an operator has set it, in seconds; null: not set. */
  readonly accessTokenTtlS: number | null;
  /** For the caller that makes an account: where its object is to be kept. Fixed at the first touch. */
  readonly location: Location | null;
  /** Clients that the account's organization has here for itself; left out: it has none. */
  readonly ownClients?: OwnClients;
  /** One of those is in the place of the connection's, for one request (`clients.ts`); never stored. */
  readonly inForce?: InForce;
}

/** A client that an organization has, or had, at the provider of one connection. */
export interface OwnClient {
  readonly id: string;
  /** Ciphertexts, tried in this order while one is replaced. */
  readonly secrets: readonly string[];
  /** New grants are made with it; else it is kept for the grants that it has made. */
  readonly isCurrent: boolean;
  /** Rises with every change of it. */
  readonly version: number;
}

/** All of one organization at one connection, as an account keeps them beside the connection's settings. */
export interface OwnClients {
  readonly organization: string;
  /** Rises with every change of any of them. */
  readonly version: number;
  readonly clients: readonly OwnClient[];
}

/** The mark of settings whose `clientId` and `clientSecrets` are an organization's own. */
export interface InForce {
  readonly organization: string;
  readonly version: number;
  /** The connection's own values, which are what is stored. */
  readonly shared: Pick<ConnectionSettings, 'clientId' | 'clientSecrets' | 'descriptor'>;
  /** The directory knows the client no more: nothing can be asked with it. */
  readonly isGone: boolean;
}

/** Fields that came later, as a copy has them that was stored before. */
export const LATER_SETTINGS = {
  tokenAccess: 'any',
  maxRefreshesPerSecond: null,
  location: null,
  verification: 'confirm',
  returnUrls: [],
  accessTokenTtlS: null,
} as const satisfies Partial<ConnectionSettings>;

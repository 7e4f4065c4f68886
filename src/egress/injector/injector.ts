/**
 * A credential as calls through the broker use it: it can be put into a request and looked for in an answer, and never
 * read. What it does to a request was decided at the account's door.
 */

import type { Secret } from '#crypto/secret.ts';
import { systemNow } from '#lib/clock.ts';
import type { Injection, ReleasedInjection } from '#providers/injection/injection.ts';
import { applied, withoutQuery, type Addressed } from './apply.ts';
import { EchoScan } from './echo-scan.ts';
import { echoOf } from './echo.ts';
import { signed, type Signable } from './sign.ts';

export interface Injector {
  /** The request with the credential in it. @throws Error for one that goes elsewhere than to `origins` */
  readonly apply: <R extends Addressed>(request: R) => R;
  /**
   * The same request with its signature, where this API takes one: anew at each sending. Null: its body is part of the
   * signature and was not kept.
   */
  readonly sign: <R extends Signable>(request: R) => Promise<R | null>;
  /** Where the credential may go. */
  readonly origins: readonly string[];
  /** When it ends (epoch ms); null: it does not say. */
  readonly expiresAtMs: number | null;
  readonly fingerprint: string;
  /** Whether this text of an answer holds the credential: plain, JSON-escaped, percent-encoded or in base64. */
  readonly echo: (bytes: Uint8Array) => boolean;
  /** The same over an answer that streams by. */
  readonly scan: () => EchoScan;
  /** A URL that an answer names, without the parameters that the credential would be put into again. */
  readonly without: (url: string) => string;
}

/** Nothing of the injector shows the credential: not its fields, not its JSON, not the text of an error. */
export function injectorOf(released: ReleasedInjection<Secret>): Injector {
  const { origins, expiresAtMs, fingerprint, secret } = released;
  const injection = (): Injection => JSON.parse(secret.reveal()) as Injection;
  let made: ((bytes: Uint8Array) => boolean) | null = null;
  const echo = (bytes: Uint8Array) => (made ??= echoOf(injection().hunted))(bytes);
  return {
    origins,
    expiresAtMs,
    fingerprint,
    apply: (request) => applied(request, injection(), origins),
    sign: async (request) => {
      const { signing } = injection();
      return signing === undefined ? request : signed(request, signing, systemNow());
    },
    echo,
    scan: () => new EchoScan(injection().hunted, echo),
    without: (url) => withoutQuery(url, injection().query),
  };
}

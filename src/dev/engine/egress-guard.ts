/**
 * The local engine's own guard on every way out: the address that a host name was resolved to is looked at when the
 * connection is made, where no second answer of a resolver comes between. Cloudflare keeps private addresses from its
 * Workers by itself; a broker on somebody's server has neighbours.
 *
 * A second Worker in the engine through which every request of the broker leaves; behind it lies a network that connects
 * to public addresses alone.
 */

import { getCACertificates } from 'node:tls';

/** Ranges of IPv4 that are somebody's own: `public` leaves them out, and an IPv6 address may carry them. */
const PRIVATE_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const;

/** By NAT64's well-known prefix (RFC 6052) and by 6to4 (RFC 3056). */
const CARRIED: readonly string[] = PRIVATE_V4.flatMap(([first, bits]) => {
  const [a = 0, b = 0, c = 0, d = 0] = first.split('.').map(Number);
  const [high, low] = [a * 256 + b, c * 256 + d].map((part) => part.toString(16));
  return [`64:ff9b::${high}:${low}/${96 + bits}`, `2002:${high}:${low}::/${16 + bits}`];
});

const SOURCE = 'export default { fetch: (request, env) => env.INTERNET.fetch(request) };';
export const GUARD_NAME = 'egress-guard';

/** The Worker of the guard, in the options of the engine. It trusts the TLS certificates that Node trusts. */
export function egressGuard(compatibilityDate: string) {
  return {
    name: GUARD_NAME,
    compatibilityDate,
    modules: true,
    script: SOURCE,
    serviceBindings: {
      INTERNET: {
        network: {
          allow: ['public'],
          deny: [...CARRIED],
          tlsOptions: { trustBrowserCas: true, trustedCertificates: getCACertificates('extra') },
        },
      },
    },
  };
}

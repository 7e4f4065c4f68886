/** What a request carries through the app. The context names values, not services. */

import type { Config, ConfigError } from '#env.ts';
import type { ClientInfo } from '#audit/record.ts';
import type { OperatorProof, RequestPieces } from '#callers/proof.ts';

export interface AppEnv {
  Bindings: object;
  Variables: {
    config: Config;
    correlationId: string;
    client: ClientInfo;
    /** Why there is no `config`: the probes alone are asked then. */
    unconfigured?: ConfigError;
    /** Method and path of the route as its description spells them, e.g. `GET /v1/agents/{id}`. */
    route: string;
    /** The query parameters that the route's description has, by name. */
    queryNames: Readonly<Record<string, unknown>>;
    /** Once a route or a guard has asked for it. */
    arrival?: RequestPieces;
    /** The body, once it has been read. */
    bodyText?: string;
    /** Set by the control plane's guard: a route behind it reads it as `c.get('operator')`. */
    operator: OperatorProof;
  };
}

/** The object of one revocation: wiring only. It is called `revocation:` and the id of the revocation. */

import { DurableObject } from 'cloudflare:workers';
import { repairAlarm, runAlarm } from '#objects/alarm.ts';
import { revocationObject, type RevocationObject } from './object.ts';
import { go, take, view } from './order.ts';
import { runStep } from './step.ts';
import type { RevocationRpc } from './stub.ts';

type In<M extends keyof RevocationRpc> = Parameters<RevocationRpc[M]>[0];
type Out<M extends keyof RevocationRpc> = ReturnType<RevocationRpc[M]>;

export class Revocation extends DurableObject implements RevocationRpc {
  readonly #object: RevocationObject;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#object = revocationObject(ctx, env);
    ctx.waitUntil(repairAlarm(this.#object));
  }

  take(argument: In<'take'>): Out<'take'> {
    return take(this.#object, argument.order);
  }

  go(_argument: In<'go'>): Out<'go'> {
    return go(this.#object);
  }

  view(argument: In<'view'>): Out<'view'> {
    return view(this.#object, argument);
  }

  override alarm(): Promise<void> {
    return runAlarm(this.#object, {
      step: { rank: 0, run: (life) => runStep(this.#object, life) },
      outbox: { rank: 1, run: () => 'gone' },
    });
  }
}

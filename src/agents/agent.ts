/** The Agent object: wiring only. One per agent, named by the agent's id; each method is one function of this room. */

import { DurableObject } from 'cloudflare:workers';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { repairAlarm, runAlarm } from '#objects/alarm.ts';
import { timerKinds } from './clock/alarm.ts';
import { addKey, deleteKey, listKeys, touchKey } from './keys.ts';
import {
  createAgent,
  removeAgent,
  setStatus,
  tellAnomaly,
  unlessLost,
  updateAgent,
  viewAgent,
} from './lifecycle.ts';
import { agentObject, enter, withAgent, type AgentObject } from './object.ts';
import { operate } from './operate.ts';
import { authRecordOf } from './record.ts';
import { auditRecords, recordAuthFail, recordRefusal, verifyAudit } from './refusals.ts';
import { Rates } from './rates/rates.ts';
import { revokeAgent } from './revoked/revoke-agent.ts';
import type { AgentRpc } from './stub.ts';
import { endToken, issueToken, signingCopy, useAssertion, useProof } from './tokens/tokens.ts';

type In<M extends keyof AgentRpc> = Parameters<AgentRpc[M]>[0];
type Out<M extends keyof AgentRpc> = ReturnType<AgentRpc[M]>;

export class Agent extends DurableObject implements AgentRpc {
  readonly #object: AgentObject;
  readonly #rates: Rates;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#object = agentObject(ctx, env);
    this.#rates = new Rates(this.#object);
    ctx.waitUntil(repairAlarm(this.#object));
  }

  create(input: In<'create'>): Out<'create'> {
    return createAgent(this.#object, input);
  }

  operate(operation: In<'operate'>): Out<'operate'> {
    return operate(this.#object, operation);
  }

  view(): Out<'view'> {
    return unlessLost(this.#object, viewAgent(this.#object));
  }

  update(input: In<'update'>): Out<'update'> {
    return updateAgent(this.#object, input);
  }

  remove(input: In<'remove'>): Out<'remove'> {
    return removeAgent(this.#object, input.context);
  }

  suspend(input: In<'suspend'>): Out<'suspend'> {
    return setStatus(this.#object, 'suspended', input.context);
  }

  resume(input: In<'resume'>): Out<'resume'> {
    return setStatus(this.#object, 'active', input.context);
  }

  revoke(input: In<'revoke'>): Out<'revoke'> {
    return revokeAgent(this.#object, input);
  }

  addKey(input: In<'addKey'>): Out<'addKey'> {
    return addKey(this.#object, input.context, input.lifeMs ?? null);
  }

  listKeys(): Out<'listKeys'> {
    return listKeys(this.#object);
  }

  deleteKey(input: In<'deleteKey'>): Out<'deleteKey'> {
    return deleteKey(this.#object, input.keyId, input.context);
  }

  lookup(): Out<'lookup'> {
    return withAgent(this.#object, (state) => ({ ok: true, agent: authRecordOf(state) }));
  }

  clientKeys(): Out<'clientKeys'> {
    return withAgent(this.#object, (state) => ({
      ok: true,
      agent: authRecordOf(state),
      jwks: state.agent.proofs.jwks,
      jwksUri: state.agent.proofs.jwks_uri,
    }));
  }

  issueToken(input: In<'issueToken'>): Out<'issueToken'> {
    return issueToken(this.#object, input);
  }

  useAssertion(input: In<'useAssertion'>): Out<'useAssertion'> {
    return useAssertion(this.#object, input);
  }

  useProof(input: In<'useProof'>): Out<'useProof'> {
    return useProof(this.#object, input);
  }

  endToken(input: In<'endToken'>): Out<'endToken'> {
    return endToken(this.#object, input);
  }

  signingCopy(): Out<'signingCopy'> {
    return signingCopy(this.#object);
  }

  touchKey(input: In<'touchKey'>): Out<'touchKey'> {
    return touchKey(this.#object, input.keyId, input.atMs);
  }

  recordRefusal(input: In<'recordRefusal'>): Out<'recordRefusal'> {
    return recordRefusal(this.#object, input);
  }

  recordAuthFail(input: In<'recordAuthFail'>): Out<'recordAuthFail'> {
    return recordAuthFail(this.#object, input);
  }

  tellAnomaly(input: In<'tellAnomaly'>): Out<'tellAnomaly'> {
    return tellAnomaly(this.#object, input.anomaly);
  }

  takeRate(input: In<'takeRate'>): Out<'takeRate'> {
    return this.#rates.take(input);
  }

  peekRate(input: In<'peekRate'>): Out<'peekRate'> {
    return this.#rates.peek(input);
  }

  giveBackRate(input: In<'giveBackRate'>): Out<'giveBackRate'> {
    return this.#rates.giveBack(input);
  }

  auditRecords(input: In<'auditRecords'>): Out<'auditRecords'> {
    return unlessLost(this.#object, auditRecords(this.#object, input));
  }

  verifyAudit(): Out<'verifyAudit'> {
    return unlessLost(this.#object, verifyAudit(this.#object));
  }

  async outboxSettled(report: In<'outboxSettled'>): Out<'outboxSettled'> {
    const open = await enter<{ ok: true }>(this.#object, () => ({ ok: true }));
    if (!open.ok && open.code !== 'record_corrupt') return 'locked';
    return this.#object.outbox.settled(report);
  }

  redeliver({ deliveryId }: In<'redeliver'>): Out<'redeliver'> {
    return enter<{ ok: true; delivery: DeliveryRow | null }>(this.#object, (life) => ({
      ok: true,
      delivery: life === null ? null : this.#object.outbox.redeliver(life.mac, deliveryId),
    }));
  }

  override alarm(): Promise<void> {
    return runAlarm(this.#object, timerKinds(this.#object));
  }
}

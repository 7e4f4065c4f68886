/** The Agent object: wiring only. One per agent, named by the agent's id; each method is one function of this room. */

import { DurableObject } from 'cloudflare:workers';
import { AuditRing } from '#audit/ring.ts';
import type { DeliveryRow } from '#directory/deliveries.ts';
import { configOf } from '#env.ts';
import { systemNow, systemRandom } from '#lib/clock.ts';
import { outboxDirectory } from '#outbox/directory.ts';
import { Outbox } from '#outbox/outbox.ts';
import { AuditTable } from './audit-table.ts';
import { IndexTimer, runAlarm } from './index-timer.ts';
import { addKey, deleteKey, listKeys, touchKey } from './keys.ts';
import { createAgent, removeAgent, setStatus, unlessLost, updateAgent, viewAgent } from './lifecycle.ts';
import { operate } from './operate.ts';
import { authRecordOf } from './record.ts';
import { auditRecords, recordAuthFail, recordRefusal, verifyAudit } from './refusals.ts';
import { withAgent, type Room } from './room.ts';
import { AgentStore } from './store.ts';
import type { AgentRpc } from './stub.ts';
import { Vault } from './vault.ts';

type In<M extends keyof AgentRpc> = Parameters<AgentRpc[M]>[0];
type Out<M extends keyof AgentRpc> = ReturnType<AgentRpc[M]>;

interface Entrypoints {
  readonly Deliverer: { deliver(request: unknown): Promise<unknown> };
}

/** Builds the parts and touches no row: a name that was never created stays without a table. */
function roomOf(ctx: DurableObjectState, env: unknown): Room {
  const config = configOf(env);
  const agentId = ctx.id.name ?? '';
  const store: AgentStore = new AgentStore(ctx.storage, () => ring.floor());
  const exists = () => store.hasTables();
  const exist = { tables: exists, keyed: () => store.hasKeyedChain() };
  const ring: AuditRing = new AuditRing(new AuditTable(ctx.storage.sql, exist));
  const outbox: Outbox = new Outbox({
    source: { kind: 'agent', id: agentId },
    sql: ctx.storage.sql,
    transaction: (write) => store.transaction(write),
    exists,
    wake: (atMs) => index.arm(atMs),
    deliver: (request) => (ctx.exports as unknown as Entrypoints).Deliverer.deliver(request),
    directory: outboxDirectory(config.directory, config.masterKeys),
    withKey: (step) => vault.withKey(step),
    waitUntil: (work) => ctx.waitUntil(work),
    now: systemNow,
    random: systemRandom,
  });
  const index: IndexTimer = new IndexTimer(ctx.storage, exists, () => outbox.nextDueAtMs());
  const vault = new Vault(store, config.masterKeys, agentId, () => index.rearm());
  store.onRollback(() => {
    outbox.forget();
    ring.forget();
  });
  return {
    agentId,
    store,
    vault,
    ring,
    index,
    outbox,
    directory: config.directory,
    now: systemNow,
    random: systemRandom,
  };
}

export class Agent extends DurableObject implements AgentRpc {
  readonly #room: Room;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#room = roomOf(ctx, env);
  }

  create(input: In<'create'>): Out<'create'> {
    return createAgent(this.#room, input);
  }

  operate(operation: In<'operate'>): Out<'operate'> {
    return operate(this.#room, operation);
  }

  view(): Out<'view'> {
    return unlessLost(this.#room, viewAgent(this.#room));
  }

  update(input: In<'update'>): Out<'update'> {
    return updateAgent(this.#room, input);
  }

  remove(input: In<'remove'>): Out<'remove'> {
    return removeAgent(this.#room, input.context);
  }

  suspend(input: In<'suspend'>): Out<'suspend'> {
    return setStatus(this.#room, 'suspended', input.context);
  }

  resume(input: In<'resume'>): Out<'resume'> {
    return setStatus(this.#room, 'active', input.context);
  }

  addKey(input: In<'addKey'>): Out<'addKey'> {
    return addKey(this.#room, input.context, input.lifeMs ?? null);
  }

  listKeys(): Out<'listKeys'> {
    return listKeys(this.#room);
  }

  deleteKey(input: In<'deleteKey'>): Out<'deleteKey'> {
    return deleteKey(this.#room, input.keyId, input.context);
  }

  lookup(): Out<'lookup'> {
    return withAgent(this.#room, (state) => ({ ok: true, agent: authRecordOf(state) }));
  }

  touchKey(input: In<'touchKey'>): Out<'touchKey'> {
    return touchKey(this.#room, input.keyId, input.atMs);
  }

  recordRefusal(input: In<'recordRefusal'>): Out<'recordRefusal'> {
    return recordRefusal(this.#room, input);
  }

  recordAuthFail(input: In<'recordAuthFail'>): Out<'recordAuthFail'> {
    return recordAuthFail(this.#room, input.keyId, input.context);
  }

  auditRecords(input: In<'auditRecords'>): Out<'auditRecords'> {
    return unlessLost(this.#room, auditRecords(this.#room, input));
  }

  verifyAudit(): Out<'verifyAudit'> {
    return unlessLost(this.#room, verifyAudit(this.#room));
  }

  async outboxSettled(report: In<'outboxSettled'>): Out<'outboxSettled'> {
    const open = await this.#room.vault.enter<{ ok: true }>(() => ({ ok: true }));
    if (!open.ok && open.code !== 'record_corrupt') return 'locked';
    return this.#room.outbox.settled(report);
  }

  redeliver({ deliveryId }: In<'redeliver'>): Out<'redeliver'> {
    return this.#room.vault.enter<{ ok: true; delivery: DeliveryRow | null }>((life) => ({
      ok: true,
      delivery: life === null ? null : this.#room.outbox.redeliver(life.mac, deliveryId),
    }));
  }

  override alarm(): Promise<void> {
    return runAlarm(this.#room);
  }
}

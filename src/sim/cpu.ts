/**
 * What the kernel's own work costs. Each task stands for a CPU of its own: what it does in a system call, and what is
 * done later on its behalf (the rest of a split bio, the worker of a write plug, which is bound to the CPU it is queued
 * on), takes time on that CPU, one after another. Work in process context makes the task sleep; work in a callback
 * makes the request reach its device later.
 *
 * All costs are 0 unless a machine is given some.
 */

import { Accounting, type CpuFloor } from './accounting.ts';
import type { Loop } from './loop.ts';
import { Completion, type Runner, type Task, type Tasks } from './task.ts';

const V5 = 'zone write plugging v5 (16-core Xeon), null_blk';
const CRYPT_2020 = 'dm-crypt queueing v3, July 2020 (4-core VM, null cipher, 4 KiB)';
const OPENSSL = 'openssl speed aes-256-xts, one Zen 5 core: 6150 MB/s in 512 B, 7450 in 4 KiB';

/** Times in ns, those per byte in ps. */
export interface Costs {
  /** A system call on a file. */
  readonly callNs: number;
  /** A page of a call's data: pinned for direct I/O, looked up in the page cache for buffered. */
  readonly pageNs: number;
  /** A byte between a program and a page cache. */
  readonly copyPs: number;
  /** A bio in the block layer, and a request with its way to the driver and back. */
  readonly bioNs: number;
  readonly requestNs: number;
  readonly completionNs: number;
  /** What mq-deadline adds to a request, and to a bio that joins one that waits. */
  readonly schedulerNs: number;
  readonly joinNs: number;
  /** A bio that waits in a write plug and is sent, or joined to what is sent, by its worker. */
  readonly plugWorkerNs: number;
  /** Append made a write, lock and pointer kept (dm-zone.c), for each write of a zone. */
  readonly emulationNs: number;
  /** A bio through device mapper. */
  readonly dmNs: number;
  /** A bio through dm-crypt without its units; reads and writes differ in what is allocated. */
  readonly cryptWriteNs: number;
  readonly cryptReadNs: number;
  /** A unit (sector_size) and a byte of it through the cipher; the cipher_null modes cost the unit only. */
  readonly unitNs: number;
  readonly cipherPs: number;
  /** The two queues of dm-crypt that a write passes when it is not encrypted inline. */
  readonly cryptQueueNs: number;
}

/** Every default with its source; all are single-thread costs of machines of 2020 to 2026. */
export const COST_SOURCES: Readonly<Record<keyof Costs, readonly [number, string]>> = {
  callNs: [800, `${V5}: share of 4K QD1, plugging + none, 1.55 us; the split is assumed`],
  pageNs: [120, `${V5}: 1M QD1, plugging + none, 37.2 us, without its requests`],
  copyPs: [40, 'measured: 25 GB/s between buffers in cache (same machine as the cipher)'],
  bioNs: [250, `${V5}: share of 4K QD1, plugging + none`],
  requestNs: [150, `${V5}: share of 4K QD1, plugging + none`],
  completionNs: [80, `${V5}: share of 4K QD1, plugging + none`],
  schedulerNs: [2_810, `${V5}: 4K QD1, locking (4.36 us) beside plugging + none (1.55 us)`],
  joinNs: [
    1_700,
    'between NVMeBenchmarks 01f40f1: 4 KiB, one zone, mq-deadline, QD32, 293 kIOPS (0.6 us alone), and 4K QD16 of null_blk, locking and plugging + mq-deadline (3.4 us)',
  ],
  plugWorkerNs: [840, `${V5}: 4K QD16, plugging + none (2.39 us) beside QD1 (1.55 us)`],
  emulationNs: [200, 'assumed: two atomic operations and a table look-up'],
  dmNs: [500, `${CRYPT_2020}: share of the 6.5 us a write gains; the split is assumed`],
  cryptWriteNs: [5_200, `${CRYPT_2020}: 6.5 us with no_write_workqueue, without dm and 8 units`],
  cryptReadNs: [4_200, `${CRYPT_2020}: 5.5 us with no_read_workqueue, without dm and 8 units`],
  unitNs: [100, `assumed: one request to the crypto API; the cipher's own is 17 ns (${OPENSSL})`],
  cipherPs: [130, `measured: ${OPENSSL}`],
  cryptQueueNs: [82_500, `${CRYPT_2020}: 89 us by default beside 6.5 us with no_write_workqueue`],
};

export const DEFAULT_COSTS: Costs = fromSources(([value]) => value);
export const NO_COSTS: Costs = fromSources(() => 0);

function fromSources(pick: (entry: readonly [number, string]) => number): Costs {
  const entries = Object.entries(COST_SOURCES).map(([name, entry]) => [name, pick(entry)]);
  return Object.fromEntries(entries) as Costs;
}

const PAGE_BYTES = 4096;
const PS_PER_NS = 1000;

/** A CPU, by when it will have done what it was given. A task is one. */
export interface CpuContext {
  cpuFreeNs: number;
}

export class Cpu {
  readonly costs: Costs;
  readonly waits = new Accounting();
  /** Whose CPU the running event uses, where that is not the running task's. */
  acting: CpuContext | null = null;
  /** The CPU of work that is nobody's. */
  private readonly worker: CpuContext = { cpuFreeNs: 0 };
  private readonly loop: Loop;
  private readonly tasks: Tasks;

  constructor(loop: Loop, tasks: Tasks, costs: Costs) {
    this.loop = loop;
    this.tasks = tasks;
    this.costs = costs;
  }

  get context(): CpuContext {
    let runner: Runner | null = this.tasks.actor;
    if (runner === null) return this.acting ?? this.worker;
    while (runner.onCpuOf !== null) runner = runner.onCpuOf;
    return runner;
  }

  /** Gives the running CPU work of `floor`; fractions of a ns are rounded here and nowhere else. */
  charge(floor: CpuFloor, ns: number): void {
    const whole = Math.round(ns);
    if (whole === 0) return;
    const { context } = this;
    context.cpuFreeNs = Math.max(context.cpuFreeNs, this.loop.nowNs) + whole;
    this.waits.cpuNs[floor] += whole;
  }

  /** How long the running CPU has yet to work: whatever follows from that work comes so much later. */
  get behindNs(): number {
    return Math.max(0, this.context.cpuFreeNs - this.loop.nowNs);
  }

  /** Runs `act(what)` on the CPU `context`. */
  actOn<C>(context: CpuContext | null, act: (what: C) => void, what: C): void {
    const before = this.acting;
    this.acting = context;
    try {
      act(what);
    } finally {
      this.acting = before;
    }
  }

  /** A system call that moves `bytes`: its own cost first, then its body, and no return before its CPU is done. */
  *call<T>(bytes: number, buffered: boolean, body: () => Task<T>): Task<T> {
    const { callNs, pageNs, copyPs } = this.costs;
    const pages = Math.ceil(bytes / PAGE_BYTES);
    const copied = buffered ? bytes : 0;
    this.waits.copiedBytes += copied;
    this.charge('call', callNs + pages * pageNs + (copied * copyPs) / PS_PER_NS);
    yield* this.catchUp();
    const result = yield* body();
    yield* this.catchUp();
    return result;
  }

  /** dm-crypt's work on a bio: charged, and the bytes counted. `ciphers` is false for the null cipher. */
  chargeCrypt(write: boolean, bytes: number, units: number, ciphers: boolean): void {
    const { dmNs, cryptWriteNs, cryptReadNs } = this.costs;
    this.charge('dm', dmNs);
    this.charge('crypt', write ? cryptWriteNs : cryptReadNs);
    this.charge('crypt', this.cipherNs(bytes, units, ciphers));
    this.waits.cryptBytes += bytes;
  }

  /** What the cipher alone takes for `bytes` in `units`. */
  cipherNs(bytes: number, units: number, ciphers: boolean): number {
    const { unitNs, cipherPs } = this.costs;
    return units * unitNs + (ciphers ? (bytes * cipherPs) / PS_PER_NS : 0);
  }

  private *catchUp(): Task<void> {
    const { behindNs } = this;
    if (behindNs === 0) return;
    const done = new Completion();
    this.loop.post(completed, done, behindNs);
    yield* done.wait();
  }
}

function completed(done: Completion): void {
  done.complete();
}
completed.label = (): string => 'a CPU is free';

/**
 * What every floor of one machine shares: the kernel it runs, time, choices, the trace, the kernel log and the
 * decisions. Floors get it at construction and pass it down; there is no global state.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { KernelLog, type LogLevel } from '../kernel/log.ts';
import { Budget } from './budget.ts';
import type { Cpu } from './cpu.ts';
import type { Decision } from './decision.ts';
import { Loop } from './loop.ts';
import { Now } from './now.ts';
import type { Schedule } from './schedule.ts';
import { type Pending, Tasks, type Wait } from './task.ts';
import { Trace, TraceKind } from './trace.ts';

export class Host {
  readonly kernel: Kernel;
  readonly schedule: Schedule;
  private readonly now = new Now();
  readonly loop = new Loop(this.now);
  readonly trace = new Trace(this.now);
  readonly tasks = new Tasks(this.loop, (comm) => this.trace.intern(comm));
  readonly log = new KernelLog(() => this.loop.nowNs);
  readonly decisions: Decision[] = [];
  readonly budget = new Budget();
  /** What the kernel's work costs, and where time went; null on a machine without costs and clocks. Set before disks are made. */
  cpu: Cpu | null = null;
  /**
   * What the model keeps beside the disks and a reboot hands on: today the content of btrfs's trees
   * (docs/not-modelled.md). Keyed by owner, e.g. `btrfs/FSID/GENERATION`.
   */
  readonly beside: Map<string, unknown>;
  /**
   * Index of the trace record of the system call that runs now; -1 outside calls. Whoever makes a bio for a call copies
   * it to `bio.cause` at once: after a wait another call may be the running one, and the call's own value is set again
   * when its task goes on.
   */
  cause = -1;
  private lastBioId = 0;

  constructor(kernel: Kernel, schedule: Schedule, beside: Map<string, unknown> = new Map()) {
    this.beside = beside;
    this.kernel = kernel;
    this.schedule = schedule;
    this.log.onLine = (line) => {
      this.trace.record(TraceKind.log, line.timeNs, 0, this.comm, 0, 0, 0, 0, 0, line.index);
    };
  }

  /** A new id for a bio that some program or file system sends; its clones and splits keep it. */
  nextBioId(): number {
    this.lastBioId += 1;
    return this.lastBioId;
  }

  /** The interned name of the running task. */
  get comm(): number {
    return this.now.comm;
  }

  /**
   * What a task asks before it sleeps on `wait`: null when it need not (any more), else what to yield. In between, the
   * loop may have run (Tasks.settle()).
   */
  settle(wait: Pending): Wait | null {
    if (wait.remaining === 0) return null;
    const { cause } = this;
    this.cause = -1;
    const asleep = this.tasks.settle(wait);
    this.cause = cause;
    return asleep;
  }

  /** Somebody explores or replays schedules, and so minds what is touched. Hot paths ask before they call `touch`. */
  get explored(): boolean {
    return this.loop.chooser !== null;
  }

  /**
   * Says that what runs now looks at something others may change, or changes it: two steps that touch nothing in common
   * give the same in either order, and explorers run one order only. Nothing happens while nobody explores.
   */
  touch(kind: string, owner: string, index: number, write: boolean): void {
    if (this.loop.chooser !== null) this.loop.chooser.touch(kind, owner, index, write);
  }

  decide(decision: Omit<Decision, 'index'>): void {
    const index = this.decisions.length;
    this.decisions.push({ ...decision, index });
    this.trace.record(
      TraceKind.decision,
      this.loop.nowNs,
      0,
      this.comm,
      decision.bio ?? 0,
      0,
      0,
      0,
      0,
      index,
    );
  }

  /** `unterminated`: the kernel's format has no newline, see KernelLog.emit. */
  printk(level: LogLevel, text: string, unterminated = false): void {
    this.touch('log', '', 0, false);
    this.log.emit(level, text, unterminated);
  }
}

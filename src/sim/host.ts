/**
 * What every floor of one machine shares: the kernel it runs, time, choices, the trace, the kernel log and the
 * decisions. Floors get it at construction and pass it down; there is no global state.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { KernelLog, type LogLevel } from '../kernel/log.ts';
import type { Decision } from './decision.ts';
import { Loop } from './loop.ts';
import type { Schedule } from './schedule.ts';
import { Tasks } from './task.ts';
import { Trace, TraceKind } from './trace.ts';

export class Host {
  readonly kernel: Kernel;
  readonly schedule: Schedule;
  readonly loop = new Loop();
  readonly tasks = new Tasks(this.loop);
  readonly trace = new Trace();
  readonly log = new KernelLog(() => this.loop.nowNs);
  readonly decisions: Decision[] = [];
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
  private commText = '';
  private commId = 0;

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
    const text = this.tasks.comm;
    if (text !== this.commText) {
      this.commText = text;
      this.commId = this.trace.intern(text);
    }
    return this.commId;
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
    this.log.emit(level, text, unterminated);
  }
}

/**
 * One guest of the recordings, simulated: a machine, the descriptors its driver program holds, and what it has
 * already seen of the log and the trace.
 */

import type { ProcessContext } from '../src/fs/syscalls.ts';
import { type DiskAttributes, Machine } from '../src/machine.ts';
import type { Task } from '../src/sim/task.ts';

export class Room {
  machine: Machine;
  process: ProcessContext;
  /** The driver names its descriptors. */
  readonly files = new Map<string, number>();
  /** Lines and records before these were read already. */
  logSeen = 0;
  traceSeen = 0;
  lastMappingWorked = false;
  /** How the driver refused a disk, as the guest's set-up script worded it; null when it took it. */
  refusal: string | null = null;

  constructor(kernel: string, disks: Readonly<Record<string, DiskAttributes>>) {
    this.machine = new Machine({ kernel, disks });
    this.process = this.machine.vfs.newProcess('zio', '/root');
  }

  /** The same disks under another kernel. */
  reboot(kernel: string): void {
    this.machine = this.machine.reboot({ kernel });
    this.process = this.machine.vfs.newProcess('zio', '/root');
    this.files.clear();
    this.logSeen = 0;
    this.traceSeen = 0;
  }

  call<T>(task: Task<T>): T {
    return this.machine.call(task, 'zio');
  }

  /** Reads the log to its end and forgets it. */
  flushLog(): string[] {
    const lines = this.machine.log.since(this.logSeen);
    this.logSeen = this.machine.log.lines.length;
    return lines;
  }
}

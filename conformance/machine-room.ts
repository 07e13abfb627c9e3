/**
 * One guest of the recordings, simulated: a machine, the descriptors its driver program holds, and what it has
 * already seen of the log and the trace.
 */

import type { ProcessContext } from '../src/fs/syscalls.ts';
import { NotModelled } from '../src/kernel/not-modelled.ts';
import { type DiskAttributes, Machine } from '../src/machine.ts';
import type { CommandResult } from '../src/shell/shell.ts';
import type { Task } from '../src/sim/task.ts';

export class Room {
  machine: Machine;
  process: ProcessContext;
  /** The driver names its descriptors. */
  readonly files = new Map<string, number>();
  /** Files in memory, by the name of their descriptor. */
  readonly mappings = new Map<string, { readonly address: number; readonly length: number }>();
  /** Lines and records before these were read already. */
  logSeen = 0;
  traceSeen = 0;
  /** Were events of mounts and opens inside a recording's windows? */
  tracesMounts = false;
  lastMappingWorked = false;
  /** How the driver refused a disk, as the guest's set-up script worded it; null when it took it. */
  refusal: string | null = null;
  /** The start of the ids that depend on something the model leaves out; null while nothing does. */
  spoilt: string | null = null;

  constructor(kernel: string, disks: Readonly<Record<string, DiskAttributes>>) {
    this.machine = new Machine({ kernel, disks });
    this.process = this.machine.vfs.newProcess('zio', '/root');
  }

  /** The same disks under another kernel. */
  reboot(kernel: string): void {
    this.machine = this.machine.reboot({ kernel });
    this.process = this.machine.vfs.newProcess('zio', '/root');
    this.files.clear();
    this.mappings.clear();
    this.logSeen = 0;
    this.traceSeen = 0;
  }

  call<T>(task: Task<T>): T {
    return this.machine.call(task, 'zio');
  }

  /** Runs a command line in the driver's folder. What the model leaves out throws, so that the cell can wait for it. */
  run(line: string): CommandResult {
    const done = this.machine.run(line, { cwd: '/root' });
    if (done.problem?.kind === 'not-modelled') {
      throw new NotModelled(done.problem.what, done.problem.hint);
    }
    return done;
  }

  /** Closes what the driver left open: the scripts did that in operations they did not record. */
  closeAll(): void {
    for (const fd of this.files.values()) this.call(this.machine.vfs.close(this.process, fd));
    this.files.clear();
  }

  /** Reads the log to its end and forgets it. */
  flushLog(): string[] {
    const lines = this.machine.log.since(this.logSeen);
    this.logSeen = this.machine.log.lines.length;
    return lines;
  }
}

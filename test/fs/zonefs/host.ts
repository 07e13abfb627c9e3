/** A machine with a zonefs at /mnt, and calls by a program of its own. */

import { expect } from 'chai';
import type { Payload } from '../../../src/block/payload.ts';
import { O } from '../../../src/fs/inode.ts';
import type { ProcessContext } from '../../../src/fs/syscalls.ts';
import type { Vfs } from '../../../src/fs/vfs.ts';
import { type DiskAttributes, Machine } from '../../../src/machine.ts';
import type { Task } from '../../../src/sim/task.ts';

/** 8 zones of 1 MiB, 3 of them conventional, blocks of 4096 bytes. */
export const SMALL: DiskAttributes = {
  size: 8,
  zoned: 1,
  zone_size: 1,
  zone_nr_conv: 3,
  blocksize: 4096,
  memory_backed: 1,
};

export class ZonefsHost {
  readonly machine: Machine;
  readonly process: ProcessContext;

  constructor(kernel: string, options = '', disk: DiskAttributes = SMALL) {
    this.machine = new Machine({ kernel, disks: { nullb0: disk } });
    this.process = this.vfs.newProcess('test', '/');
    this.run('mkzonefs -f /dev/nullb0');
    this.run(`mount -t zonefs ${options === '' ? '' : `-o ${options} `}/dev/nullb0 /mnt`);
    this.fresh();
  }

  get vfs(): Vfs {
    return this.machine.vfs;
  }

  /** Standard output of a command that must work. */
  run(line: string): string {
    const { exit, stdout, stderr } = this.machine.run(line);
    expect(exit, `${line}: ${stderr}`).to.equal(0);
    return stdout;
  }

  call<T>(task: Task<T>): T {
    return this.machine.call(task, 'test');
  }

  open(path: string, flags: number = O.RDWR): number {
    return this.call(this.vfs.open(this.process, path, flags));
  }

  pwrite(fd: number, data: Payload, offset: number, memoryOffset = 0): number {
    const flags = memoryOffset === 0 ? undefined : { memoryOffset };
    return this.call(this.vfs.pwrite(this.process, fd, data, offset, flags));
  }

  close(fd: number): number {
    return this.call(this.vfs.close(this.process, fd));
  }

  size(path: string): number {
    const stat = this.call(this.vfs.stat(this.process, path));
    return typeof stat === 'number' ? stat : stat.size;
  }

  /** The lines of the log since the last call. */
  fresh(): string[] {
    const { log } = this.machine;
    const lines = log.since(this.seen);
    this.seen = log.lines.length;
    return lines;
  }
  private seen = 0;
}

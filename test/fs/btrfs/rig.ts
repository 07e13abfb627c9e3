/** A host with null_blk disks for tests of btrfs: programs run by function, no shell. */

import type { ZonedMedia } from '../../../src/block/media.ts';
import { createNullBlk } from '../../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../../src/block/null-blk-config.ts';
import { BlockSystem } from '../../../src/block/system.ts';
import { KernelKeyring } from '../../../src/dm/keyring.ts';
import { DeviceMapper } from '../../../src/dm/mapper.ts';
import { openFilesystem } from '../../../src/fs/btrfs/filesystem.ts';
import { makeBtrfsType } from '../../../src/fs/btrfs/mount.ts';
import type { FileSystemType } from '../../../src/fs/inode.ts';
import { Vfs } from '../../../src/fs/vfs.ts';
import { errnoName } from '../../../src/kernel/errno.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { TextOutput } from '../../../src/shell/output.ts';
import type { Process, Program } from '../../../src/shell/program.ts';
import { Host } from '../../../src/sim/host.ts';
import { FirstCome } from '../../../src/sim/schedule.ts';
import type { Task } from '../../../src/sim/task.ts';

export type Attributes = Readonly<Record<string, number>>;

/** 256 MiB, 64 zones of 4 MiB, four of them conventional: the disk of the recordings. */
export const BASE: Attributes = {
  size: 256,
  zoned: 1,
  zone_size: 4,
  zone_nr_conv: 4,
  memory_backed: 1,
};

export class Rig {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly dm: DeviceMapper;
  readonly vfs: Vfs;
  readonly media: Map<string, ZonedMedia>;
  readonly kernel: Kernel;
  private readonly process;
  private seen = 0;

  constructor(
    kernel: string,
    disks: Readonly<Record<string, Attributes>>,
    type: FileSystemType = makeBtrfsType({ openFilesystem }),
    left?: Rig,
  ) {
    this.kernel = kernelByName(kernel);
    this.host = new Host(this.kernel, left?.host.schedule ?? new FirstCome(0), left?.host.beside);
    this.block = new BlockSystem(this.host);
    this.media = left?.media ?? new Map();
    let index = 0;
    for (const [name, attributes] of Object.entries(disks)) {
      let media = this.media.get(name);
      if (media === undefined) {
        const made = nullBlkConfig(this.kernel, attributes);
        if (!made.ok) throw new Error(JSON.stringify(made));
        media = made.media;
        this.media.set(name, media);
      }
      createNullBlk(this.block, { name, index, major: 253, minor: index, media });
      index += 1;
    }
    this.dm = new DeviceMapper(this.block);
    this.vfs = new Vfs({ host: this.host, block: this.block, dm: this.dm, types: [type] });
    this.process = this.vfs.newProcess('zio', '/root');
    this.call(this.vfs.mkdir(this.process, '/mnt/b'));
  }

  call<T>(task: Task<T>): T {
    return this.host.tasks.runToEnd('zio', task);
  }

  run(program: Program, ...argv: string[]): { exit: number; out: string } {
    const output = new TextOutput();
    const { host, block, dm, vfs } = this;
    const process: Process = {
      ...this.vfs.newProcess(argv[0]!, '/root'),
      argv,
      stdout: output,
      stderr: output,
      stdin: '',
      system: {
        host,
        block,
        sys: vfs,
        dm,
        keys: new KernelKeyring(host.schedule.random, () => host.loop.nowNs),
      },
    };
    const exit = host.tasks.runToEnd(argv[0]!, program(process));
    return { exit, out: output.text() };
  }

  /** The errno's name, or `ok`. */
  mount(source: string, data = '', flags: { readOnly?: boolean; remount?: boolean } = {}): string {
    const task = this.vfs.mount(this.process, source, '/mnt/b', 'btrfs', flags, data);
    const result = this.call(task);
    return result < 0 ? errnoName(result) : 'ok';
  }

  umount(): string {
    const result = this.call(this.vfs.umount(this.process, '/mnt/b'));
    return result < 0 ? errnoName(result) : 'ok';
  }

  /** What /proc/mounts shows of it after `rw,relatime`; null when it is not mounted. */
  shown(): string | null {
    const entry = this.vfs.mounts.list().find(({ target }) => target === '/mnt/b');
    return entry === undefined ? null : entry.superBlock.fs.shownOptions();
  }

  readOnly(): boolean {
    const entry = this.vfs.mounts.list().find(({ target }) => target === '/mnt/b');
    return entry?.superBlock.fs.readOnly ?? false;
  }

  /** Lines logged since the last call, process ids masked. */
  dmesg(): string[] {
    const lines = this.host.log.since(this.seen);
    this.seen = this.host.log.lines.length;
    return lines.map((line) => line.replace(/ \(\d+\)$/, ' (PID)'));
  }

  /** Lets time pass. */
  sleep(ns: number): void {
    const until = this.host.loop.nowNs + ns;
    this.host.loop.nowNs = until;
  }

  zones(name: string, count: number): { cond: number; used: number }[] {
    const out: { cond: number; used: number }[] = [];
    this.block.devices.get(name)!.reportZones(0, count, (zone) => {
      out.push({ cond: zone.cond, used: zone.wp - zone.start });
    });
    return out;
  }
}

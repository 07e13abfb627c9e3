/** zonefs on the fake disk, formatted and mounted, with calls that read like a program's. */

import { PatternPayload, type Payload } from '../../../src/block/payload.ts';
import type { Inode, IoFlags, OpenFile } from '../../../src/fs/inode.ts';
import { O } from '../../../src/fs/inode.ts';
import type { ZonefsFile } from '../../../src/fs/zonefs/file.ts';
import type { Zonefs } from '../../../src/fs/zonefs/fs.ts';
import { encodeSuper, type NewSuper } from '../../../src/fs/zonefs/superblock.ts';
import { zonefsType } from '../../../src/fs/zonefs/type.ts';
import type { Host } from '../../../src/sim/host.ts';
import type { Task } from '../../../src/sim/task.ts';
import { bench, type FakeDevice, type FakeOptions } from './fake-device.ts';

export const DIRECT: IoFlags = {
  direct: true,
  dsync: false,
  append: false,
  noWait: false,
  blocking: true,
  memoryOffset: 0,
};
export const BUFFERED: IoFlags = { ...DIRECT, direct: false };
export const ASYNC: IoFlags = { ...DIRECT, blocking: false };

export function format(device: FakeDevice, fields: Partial<NewSuper> = {}): void {
  const block = encodeSuper({
    label: '',
    uuid: new Uint8Array(16),
    features: 0,
    uid: 0,
    gid: 0,
    permissions: 0o640,
    ...fields,
  });
  device.write(0, block);
}

export class Bench {
  readonly host: Host;
  readonly device: FakeDevice;
  private readonly block: ReturnType<typeof bench>['block'];

  constructor(kernel: string, options: FakeOptions = {}) {
    const made = bench(kernel, options);
    this.host = made.host;
    this.device = made.device;
    this.block = made.block;
    format(this.device);
  }

  run<T>(task: Task<T>): T {
    return this.host.tasks.runToEnd('test', task);
  }

  /** The mount, or the negative errno. */
  tryMount(data = '', readOnly = false): Zonefs | number {
    const { host, block, device } = this;
    const options = zonefsType.checkOptions!(host, data);
    if (options < 0) return options;
    const context = { host, block, device, source: '/dev/fake0', flags: { readOnly }, data };
    const result = this.run(zonefsType.mount(context));
    return result.ok ? (result.mount as Zonefs) : result.errno;
  }

  mount(data = '', readOnly = false): Zonefs {
    const mounted = this.tryMount(data, readOnly);
    if (typeof mounted === 'number') throw new Error(`mount expected 0, got ${mounted}`);
    return mounted;
  }

  get lines(): string[] {
    return this.host.log.lines.map((line) => line.text);
  }

  /** The lines since the last call of `fresh`. */
  fresh(): string[] {
    const lines = this.host.log.since(this.seen);
    this.seen = this.host.log.lines.length;
    return lines;
  }
  private seen = 0;

  write(file: ZonefsFile, position: number, length: number, flags = DIRECT): number {
    const data = new PatternPayload(1, position, length);
    const result = file.write(opened(file), position, data, flags);
    return typeof result === 'number' ? result : this.run(result);
  }

  read(file: ZonefsFile, position: number, length: number, flags = DIRECT): Payload | number {
    return this.run(file.read(opened(file), position, length, flags));
  }

  open(file: ZonefsFile, flags: number = O.RDWR): number {
    return this.run(file.open(opened(file, flags)));
  }

  close(file: ZonefsFile, flags: number = O.RDWR): void {
    this.run(file.release(opened(file, flags)));
  }
}

export function opened(inode: Inode, flags: number = O.RDWR | O.DIRECT): OpenFile {
  return { inode, flags, position: 0, private: null };
}

/** `fileAt(fs, 'seq/0')`; throws when there is none. */
export function fileAt(fs: Zonefs, path: string): ZonefsFile {
  let inode: Inode | number = fs.root;
  for (const name of path.split('/')) {
    if (typeof inode === 'number') break;
    inode = inode.lookup!(name);
  }
  if (typeof inode === 'number') throw new Error(`"${path}" expected a file, got ${inode}`);
  return inode as ZonefsFile;
}

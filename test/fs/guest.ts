/** A host for tests of the virtual file system: no disks, no device mapper, file systems as the test makes them. */

import { expect } from 'chai';
import type { BlockDevice } from '../../src/block/device.ts';
import { BytesPayload, type Payload } from '../../src/block/payload.ts';
import { defaultStackingLimits } from '../../src/block/stack.ts';
import { BlockSystem } from '../../src/block/system.ts';
import { type FileSystemType, type Inode, type MountedFs, O, S } from '../../src/fs/inode.ts';
import type { ProcessContext } from '../../src/fs/syscalls.ts';
import { Vfs } from '../../src/fs/vfs.ts';
import { errno } from '../../src/kernel/errno.ts';
import { v510 } from '../../src/kernel/kernel.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';
import { Completion, type Task } from '../../src/sim/task.ts';

export function text(value: string): Payload {
  return new BytesPayload(new TextEncoder().encode(value));
}

export function string(value: Payload | number): string {
  return typeof value === 'number' ? `errno ${value}` : new TextDecoder().decode(value.bytes());
}

export class Guest {
  readonly host = new Host(v510, new FirstCome());
  readonly block = new BlockSystem(this.host);
  readonly vfs: Vfs;
  readonly process: ProcessContext;

  constructor(types: readonly FileSystemType[] = []) {
    this.vfs = new Vfs({ host: this.host, block: this.block, dm: null, types });
    this.process = this.vfs.newProcess('test', '/root');
  }

  call<T>(task: Task<T>): T {
    return this.host.tasks.runToEnd('test', task);
  }

  /** Runs whatever can run. */
  drain(): void {
    while (this.host.loop.step());
  }

  open(path: string, flags: number): number {
    return this.call(this.vfs.open(this.process, path, flags));
  }

  mount(
    source: string,
    target: string,
    type: string,
    flags: { readOnly?: boolean; remount?: boolean } = {},
  ): number {
    return this.call(this.vfs.mount(this.process, source, target, type, flags, ''));
  }

  write(path: string, content: string): void {
    const fd = this.open(path, O.WRONLY | O.CREAT | O.TRUNC);
    expect(fd).to.be.at.least(3);
    expect(this.call(this.vfs.write(this.process, fd, text(content)))).to.equal(content.length);
    this.call(this.vfs.close(this.process, fd));
  }

  read(path: string): string {
    const fd = this.open(path, O.RDONLY);
    if (fd < 0) return `errno ${fd}`;
    const data = this.call(this.vfs.read(this.process, fd, 4096));
    this.call(this.vfs.close(this.process, fd));
    return string(data);
  }
}

/** A device that nothing is ever sent to. */
export function fakeDevice(name: string): BlockDevice {
  return {
    name,
    major: 240,
    minor: 0,
    sizeSectors: 2048,
    limits: defaultStackingLimits(),
    nrZones: 0,
    slaves: [],
    holder: null,
    readOnly: false,
    reportZones: () => -errno.EOPNOTSUPP,
    submit: () => {
      throw new Error('"submit" expected no bio, got one');
    },
  };
}

/** A file system with one file, `file`, and no operation but write. */
export class FakeFs {
  readonly log: string[] = [];
  /** The host's cause at the start and at the end of each write. */
  readonly causes: number[] = [];
  /** Writes wait for `wakeAll`. */
  slow = false;
  refusal = 0;
  private waiting: Completion[] = [];

  type(): FileSystemType {
    const { log } = this;
    return {
      name: 'fake',
      mount: (context) =>
        done(() => {
          log.push('mount');
          if (this.refusal < 0) return { ok: false, errno: this.refusal };
          return { ok: true, mount: this.mounted(context.host, context) };
        }),
    };
  }

  wakeAll(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const turn of waiting) turn.complete();
  }

  private mounted(
    host: Host,
    context: { device: BlockDevice; source: string; flags: { readOnly: boolean } },
  ): MountedFs {
    const file: Inode = {
      ino: 2,
      mount: null,
      stat: () => plain(2, S.IFREG | 0o644),
      write: (_file, _position, data) => this.writeSlowly(host, data),
      setSize: () => done(() => 0),
    };
    const root: Inode = {
      ino: 1,
      mount: null,
      stat: () => plain(1, S.IFDIR | 0o755),
      lookup: (name) => (name === 'file' ? file : -errno.ENOENT),
      entries: () => ['file'],
    };
    const logged = (what: string) => (): Task<number> =>
      done(() => {
        this.log.push(what);
        return 0;
      });
    return {
      typeName: 'fake',
      device: context.device,
      source: context.source,
      root,
      readOnly: context.flags.readOnly,
      shownOptions: () => 'fake=yes',
      statfs: () => {
        throw new Error('"statfs" expected no call, got one');
      },
      sync: logged('sync'),
      remount: logged('remount'),
      unmount: logged('unmount'),
      dropCaches: () => this.log.push('dropCaches'),
    };
  }

  private *writeSlowly(host: Host, data: Payload): Task<number> {
    this.causes.push(host.cause);
    if (this.slow) {
      const turn = new Completion();
      this.waiting.push(turn);
      yield* turn.wait();
      this.causes.push(host.cause);
    }
    return data.lengthBytes;
  }
}

function* done<T>(body: () => T): Task<T> {
  return body();
}

function plain(ino: number, mode: number) {
  return { ino, mode, nlink: 1, uid: 0, gid: 0, size: 0, blksize: 4096, blocks: 0 };
}

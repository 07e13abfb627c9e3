/**
 * Programs on a mounted file system, and what their reads must find: each file's bytes by the write they came from, and
 * which of them a power cut may take. What the kernel said went wrong is not held against it.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { O } from '../../src/fs/inode.ts';
import type { ProcessContext } from '../../src/fs/syscalls.ts';
import type { Machine } from '../../src/machine.ts';
import type { Task } from '../../src/sim/task.ts';
import { Content } from './content.ts';
import { build, type Layer } from './machines.ts';
import { pick } from './support.ts';
import { settle } from './watch.ts';

export type FsType = 'zonefs' | 'btrfs';

const KINDS = [
  'append',
  'append',
  'append',
  'write',
  'write',
  'direct',
  'direct',
  'aio',
  'read',
  'read',
  'read',
  'truncate',
  'fsync',
  'fsync',
  'sync',
  'unlink',
  'rename',
  'drop-caches',
  'remount',
  'reboot',
  'power-cut',
  'cut-while-writing',
] as const;

export interface FsStep {
  readonly kind: (typeof KINDS)[number];
  readonly file: number;
  readonly at: number;
  readonly blocks: number;
  readonly odd: number;
  /** Place in the list of kernels given to `FsRun`. */
  readonly kernel: number;
}

export const fsSteps: fc.Arbitrary<readonly FsStep[]> = fc.array(
  fc.record({
    kind: pick(KINDS),
    file: fc.nat(3),
    at: fc.oneof(fc.nat(8), fc.nat(300)),
    blocks: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 16 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 600 }) },
    ),
    odd: pick([0, 0, 0, 1, 511, 512, 4095]),
    kernel: fc.nat(3),
  }),
  { minLength: 1, maxLength: 16 },
);

const MOUNT_POINT = '/mnt/f';
const BLOCK = 4096;
const MAX_FILE_BYTES = 3 << 20;

/** What a power cut may do to a file since it was last made durable. */
interface Known {
  content: Content;
  /** Its name, and that it is there, are durable. */
  named: boolean;
  /** Its size may be an earlier one. */
  resized: boolean;
  /** A write to it failed: its size is what the cache says, and may be another after the next mount. */
  failed: boolean;
  /** Ranges that may be as they were. */
  changed: { from: number; length: number }[];
}

export class FsRun {
  machine: Machine;
  mounted = false;
  readonly type: FsType;
  private readonly layers: readonly Layer[];
  private readonly kernels: readonly string[];
  private readonly options: string;
  private readonly files = new Map<string, Known>();
  private readonly stackHeight: number;
  private process: ProcessContext;
  private writes = 0;
  private readonly open = new Map<string, number>();
  /** The kernel said something is wrong: values are not checked any more. */
  private spoilt = false;

  constructor(
    machine: Machine,
    layers: readonly Layer[],
    type: FsType,
    kernels: readonly string[],
    options = '',
  ) {
    this.machine = machine;
    this.layers = layers;
    this.type = type;
    this.kernels = kernels;
    this.options = options;
    this.process = machine.vfs.newProcess('program');
    const path = build(machine, layers);
    this.stackHeight = machine.dm.list().length;
    const format = type === 'zonefs' ? 'mkzonefs -f' : 'mkfs.btrfs -f -q -d single -m single';
    if (machine.run(`${format} ${path}`).exit === 0) this.mount(path);
  }

  step(step: FsStep): void {
    const { kind } = step;
    if (kind === 'reboot' || kind === 'power-cut') {
      this.reboot(step, kind === 'power-cut');
      return;
    }
    if (!this.mounted) return;
    const name = this.name(step);
    const { machine, process } = this;
    const { vfs } = machine;
    switch (kind) {
      case 'sync':
        machine.call(vfs.sync(process));
        for (const file of this.files.values()) durable(file);
        break;
      case 'drop-caches':
        machine.run('echo 3 > /proc/sys/vm/drop_caches');
        break;
      case 'remount':
        this.remount();
        break;
      case 'unlink':
        this.unlink(name);
        break;
      case 'rename':
        this.rename(name, this.name({ ...step, file: step.file + 1 }));
        break;
      default:
        this.onFile(step, name);
    }
    settle(machine);
    this.listen();
  }

  /** Reads every file whole. */
  readAll(): void {
    if (!this.mounted) return;
    for (const name of this.files.keys()) {
      this.read(name, 0, Math.min(MAX_FILE_BYTES, this.sizeOf(name)));
    }
  }

  private onFile(step: FsStep, name: string): void {
    const { kind } = step;
    const known = this.known(name);
    if (known === null) return;
    const { machine, process } = this;
    const fd = this.descriptor(name, kind === 'append' || kind === 'direct' || kind === 'aio');
    if (fd < 0) return;
    const sequential = this.type === 'zonefs' && name.startsWith('seq');
    const size = known.content.size;
    const exact = step.odd === 0 || sequential || kind === 'direct';
    const length = Math.max(1, step.blocks * BLOCK - (exact ? 0 : step.odd));
    const place = exact ? step.at * BLOCK : step.at * BLOCK + step.odd;
    switch (kind) {
      case 'read':
        this.read(name, size === 0 ? 0 : place % size, length);
        return;
      case 'truncate': {
        const wanted = this.type === 'zonefs' ? (step.at % 3 === 0 ? MAX_ZONE : 0) : place;
        const result = machine.call(machine.vfs.ftruncate(process, fd, wanted));
        if (result === 0) this.truncated(known, wanted, name);
        return;
      }
      case 'fsync':
        if (machine.call(machine.vfs.fsync(process, fd)) === 0) durable(known);
        return;
      case 'aio':
        this.aio(known, name, fd, sequential ? size : place - (place % BLOCK), step.blocks);
        return;
      case 'cut-while-writing':
        this.cut(step, known, fd, sequential ? size : place, length);
        return;
      default: {
        const at = sequential || kind === 'append' ? size : place;
        const aligned = kind === 'write' ? at : at - (at % BLOCK);
        const whole = kind === 'write' ? length : step.blocks * BLOCK;
        if (aligned + whole > MAX_FILE_BYTES && !sequential) return;
        this.writes += 1;
        const data = new PatternPayload(this.writes, aligned, whole);
        const from = machine.trace.length;
        const result = machine.call(machine.vfs.pwrite(process, fd, data, aligned));
        this.wrote(known, name, aligned, whole, result, from);
      }
    }
  }

  private aio(known: Known, name: string, fd: number, at: number, blocks: number): void {
    const { machine, process } = this;
    const half = blocks * BLOCK;
    if (at + 2 * half > MAX_FILE_BYTES) return;
    const writes = [at, at + half].map((offset) => {
      this.writes += 1;
      return { offset, id: this.writes, data: new PatternPayload(this.writes, offset, half) };
    });
    const from = machine.trace.length;
    const results = machine.call(machine.vfs.aioWrite(process, fd, writes));
    for (const [i, { offset, id }] of writes.entries()) {
      this.wrote(known, name, offset, half, results[i] ?? -1, from, id);
    }
  }

  /** The power goes while a write is under way. */
  private cut(step: FsStep, known: Known, fd: number, at: number, length: number): void {
    const { machine, process } = this;
    if (at + length > MAX_FILE_BYTES) return;
    this.writes += 1;
    const { vfs } = machine;
    const data = new PatternPayload(this.writes, at, length);
    function* writing(): Task<void> {
      yield* vfs.pwrite(process, fd, data, at);
      yield* vfs.fsync(process, fd);
    }
    machine.host.tasks.spawn('writer', writing());
    for (let event = 0; event < step.odd % 97; event += 1) machine.host.loop.step();
    known.content.unknown(at, length);
    known.changed.push({ from: at, length });
    known.resized = true;
    this.reboot(step, true);
  }

  private wrote(
    known: Known,
    name: string,
    at: number,
    length: number,
    result: number,
    from: number,
    id = this.writes,
  ): void {
    const { content } = known;
    const before = content.size;
    if (result > 0) content.write(at, result, id);
    if (result < length) content.unknown(at + Math.max(0, result), length - Math.max(0, result));
    if (result < 0) {
      content.size = this.sizeOf(name);
      known.failed = true;
    }
    known.changed.push({ from: Math.min(at, before), length: at + length - Math.min(at, before) });
    if (content.size !== before) known.resized = true;
    if (this.misencrypted(from)) content.unknown(at, length);
  }

  /** Was an append encrypted, which the disk may put elsewhere than the IV says? */
  private misencrypted(from: number): boolean {
    for (const { kind, op, b } of this.machine.trace.records(from)) {
      if (kind === 'crypt' && op === Op.zoneAppend && b === 1) return true;
    }
    return false;
  }

  private truncated(known: Known, size: number, name: string): void {
    const { content } = known;
    const before = content.size;
    if (this.type === 'btrfs') content.truncate(size);
    else if (size === 0) content.truncate(0);
    else {
      content.size = this.sizeOf(name);
      content.unknown(before, content.size - before);
    }
    known.changed.push({ from: Math.min(before, size), length: Math.abs(before - size) });
    known.resized = true;
  }

  private read(name: string, at: number, length: number): void {
    const known = this.files.get(name);
    if (known === undefined) return;
    const fd = this.descriptor(name, false);
    if (fd < 0) return;
    const { machine, process } = this;
    const told = `${name} of ${this.type} on ${machine.kernel.name}`;
    const result = machine.call(machine.vfs.pread(process, fd, length, at));
    settle(machine);
    this.listen();
    if (this.spoilt) return;
    expect(result, `read of ${told}`).not.to.be.a('number');
    if (typeof result === 'number') return;
    expect(this.sizeOf(name), `size of ${told}`).to.equal(known.content.size);
    const left = Math.max(0, known.content.size - at);
    expect(result.lengthBytes, told).to.equal(Math.min(length, left));
    known.content.expectRead(at, result, told);
  }

  private unlink(name: string): void {
    if (this.type === 'zonefs') return;
    this.close(name);
    const result = this.machine.call(
      this.machine.vfs.unlink(this.process, `${MOUNT_POINT}/${name}`),
    );
    if (result === 0) this.files.delete(name);
  }

  private rename(name: string, to: string): void {
    if (this.type === 'zonefs' || name === to) return;
    this.close(name);
    this.close(to);
    const { vfs } = this.machine;
    const result = this.machine.call(
      vfs.rename(this.process, `${MOUNT_POINT}/${name}`, `${MOUNT_POINT}/${to}`),
    );
    const known = this.files.get(name);
    if (result !== 0) return;
    this.files.delete(to);
    if (known === undefined) return;
    this.files.delete(name);
    known.named = false;
    this.files.set(to, known);
  }

  private remount(): void {
    this.closeAll();
    const { machine } = this;
    const source = machine
      .run('cat /proc/mounts')
      .stdout.split('\n')
      .find((line) => line.includes(MOUNT_POINT));
    if (machine.call(machine.vfs.umount(this.process, MOUNT_POINT)) !== 0) {
      this.spoilt = true;
      return;
    }
    this.mounted = false;
    for (const file of this.files.values()) durable(file);
    settle(machine);
    this.listen();
    this.mount(source?.split(' ')[0] ?? '');
    if (!this.mounted) return;
    for (const [name, file] of this.files) {
      if (!file.failed) continue;
      this.resize(name, file);
    }
  }

  /** Takes a file's size as it is; what is new in it nobody knows. */
  private resize(name: string, file: Known): void {
    const size = this.sizeOf(name);
    if (size < 0) this.files.delete(name);
    else {
      const { content } = file;
      if (size > content.size) content.unknown(content.size, size - content.size);
      content.size = size;
      file.failed = false;
      durable(file);
    }
  }

  private reboot(step: FsStep, cut: boolean): void {
    const kernel = this.kernels[step.kernel % this.kernels.length]!;
    if (!cut) this.machine.call(this.machine.vfs.sync(this.process));
    settle(this.machine);
    this.listen();
    this.open.clear();
    const { ivSector } = this.machine.kernel.crypt;
    this.machine = this.machine.reboot({ how: cut ? 'power-cut' : 'clean', kernel });
    // A kernel that makes IVs otherwise cannot read what the others wrote.
    if (this.machine.kernel.crypt.ivSector !== ivSector) {
      for (const { content } of this.files.values()) content.unknown(0, content.size);
    }
    this.process = this.machine.vfs.newProcess('program');
    this.mounted = false;
    const path = build(this.machine, this.layers);
    for (const [name, file] of this.files) {
      if (!cut) durable(file);
      else if (this.type === 'btrfs' && !file.named) this.files.delete(name);
      else forgetUnsure(file);
    }
    if (this.machine.dm.list().length !== this.stackHeight) return;
    this.mount(path);
    if (!this.mounted) return;
    settle(this.machine);
    this.listen();
    for (const [name, file] of this.files) {
      if (!file.resized && !file.failed && !this.spoilt) {
        const told = `size of ${name} after ${cut ? 'a power cut' : 'a reboot'}`;
        expect(this.sizeOf(name), told).to.equal(file.content.size);
      }
      this.resize(name, file);
    }
  }

  private mount(path: string): void {
    const { machine } = this;
    const { ok } = machine.mount(path, MOUNT_POINT, this.type, this.options);
    settle(machine);
    this.mounted = ok;
    this.listen();
  }

  /** Hears of errors in the kernel's log. */
  private listen(): void {
    const bad = /error|WARNING|forced readonly|Aborting|inconsistent|critical/i;
    const harmless = /errors=|device-mapper: (?:ioctl|table|core|zone)/;
    this.spoilt ||= this.machine.dmesg().some((line) => bad.test(line) && !harmless.test(line));
    // Whatever was done to it, a superblock is never one that its own file system refuses.
    const refused = this.machine.dmesg().find((line) => line.includes('bytes_used is too small'));
    expect(refused).to.equal(undefined);
  }

  private name(step: FsStep): string {
    if (this.type === 'btrfs') return `f${step.file % 4}`;
    return step.file % 4 === 3 ? 'cnv/0' : `seq/${step.file % 3}`;
  }

  private known(name: string): Known | null {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const size = this.sizeOf(name);
    if (size < 0 && this.type === 'zonefs') return null;
    const content = new Content();
    content.size = Math.max(0, size);
    content.unknown(0, content.size);
    const file = {
      content,
      named: this.type === 'zonefs',
      resized: this.type === 'btrfs',
      failed: false,
      changed: [],
    };
    if (size < 0 && this.descriptor(name, false) < 0) return null;
    this.files.set(name, file);
    return file;
  }

  private descriptor(name: string, direct: boolean): number {
    const key = `${name} ${direct}`;
    const known = this.open.get(key);
    if (known !== undefined) return known;
    const flags = O.RDWR | (direct ? O.DIRECT | O.SYNC : 0) | (this.type === 'btrfs' ? O.CREAT : 0);
    const fd = this.machine.call(
      this.machine.vfs.open(this.process, `${MOUNT_POINT}/${name}`, flags, 0o644),
    );
    if (fd >= 0) this.open.set(key, fd);
    return fd;
  }

  private sizeOf(name: string): number {
    const stat = this.machine.call(this.machine.vfs.stat(this.process, `${MOUNT_POINT}/${name}`));
    return typeof stat === 'number' ? stat : stat.size;
  }

  private close(name: string): void {
    for (const direct of [true, false]) {
      const fd = this.open.get(`${name} ${direct}`);
      if (fd === undefined) continue;
      this.machine.call(this.machine.vfs.close(this.process, fd));
      this.open.delete(`${name} ${direct}`);
    }
  }

  private closeAll(): void {
    for (const key of Array.from(this.open.keys())) this.close(key.split(' ')[0]!);
  }
}

/** Any zone's size or more; zonefs takes the exact one alone, so this is one that some disks have. */
const MAX_ZONE = 1 << 20;

function durable(file: Known): void {
  file.named = true;
  file.resized = false;
  file.changed = [];
}

/** The power is gone: what was not made durable may be as it was. */
function forgetUnsure(file: Known): void {
  for (const { from, length } of file.changed) file.content.unknown(from, length);
}

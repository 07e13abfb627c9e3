/**
 * One sequence of calls on one machine, and what must hold after each. The laws, with their exact conditions:
 *
 * 1. The size of a sequential file is its zone's write pointer offset, or the capacity where the zone is full. Apart: a
 *    file an outsider has touched, or whose zone went bad, until it is truncated to 0 (from another size: else nothing is
 *    done) or found again by a mount; a file that a failed I/O took offline (errors=zone-offline); on 6.1.192 a file
 *    written synchronously.
 * 2. A call that failed with EINVAL, EFBIG, EPERM or EBUSY changed no size, mode, owner, zone or count, nor made the
 *    file system read-only.
 * 3. A read gives what was written, as long as the file and no more, wherever it is known who wrote last: not in the
 *    files apart, where an append of an older kernel lands behind what an outsider wrote and nobody notices.
 * 4. Only truncating to 0 (O_TRUNC too) moves a write pointer back. Apart: an outsider's reset, and the files apart of law
 *    1, for the last close of one under explicit-open resets a zone that zonefs takes for empty.
 * 5. A remount shows the same names, numbers and sizes, and the modes and owners of the super block again.
 */

import { ZoneCond } from '../../src/block/device.ts';
import { PatternPayload, Payload, samePayload } from '../../src/block/payload.ts';
import { type Inode, O, type Stat } from '../../src/fs/inode.ts';
import type { ProcessContext } from '../../src/fs/syscalls.ts';
import { errno, errnoName } from '../../src/kernel/errno.ts';
import { Machine } from '../../src/machine.ts';
import type { Task } from '../../src/sim/task.ts';
import {
  BLOCK,
  CAPACITY,
  CAPACITY_BLOCKS,
  type Call,
  CNV,
  CONVENTIONAL,
  callText,
  DISK,
  FILES,
  type Outsider,
  SEQUENTIAL,
  ZONE_SECTORS,
} from './zonefs-calls.ts';

export interface Setting {
  readonly kernel: string;
  /** dm-crypt below the file system: its IV; '' for none. */
  readonly iv: string;
}

const CHANGES_NOTHING = new Set([-errno.EINVAL, -errno.EFBIG, -errno.EPERM, -errno.EBUSY]);
/** A call refused with one of these was no error of the device, and no errors= mode acts on it. */
const REFUSALS = new Set([
  ...CHANGES_NOTHING,
  -errno.EROFS,
  -errno.EBADF,
  -errno.EOPNOTSUPP,
  -errno.ENXIO,
]);

/** A machine is used for so many sequences: its log and its store grow. */
const SEQUENCES_EACH = 300;

/** What is known of one file. */
interface FileKnown {
  /** By block: which write it came from; 0 nobody knows. */
  readonly blocks: number[];
  /** Law 1 does not hold. */
  apart: boolean;
}

export class BrokenLaw extends Error {}

/** A machine that starts every sequence as if it were new. */
export class Rig {
  readonly setting: Setting;
  private machine: Machine | null = null;
  private used = 0;

  constructor(setting: Setting) {
    this.setting = setting;
  }

  /** A fresh mount with empty zones. */
  fresh(options: string): Sequence {
    if (this.machine === null || this.used >= SEQUENCES_EACH) {
      this.machine = this.make();
      this.used = 0;
    }
    this.used += 1;
    return new Sequence(this.machine, this.setting, options);
  }

  /** After a failure nothing of the machine is known. */
  forget(): void {
    this.machine = null;
  }

  private make(): Machine {
    const { kernel, iv } = this.setting;
    const machine = new Machine({ kernel, disks: { nullb0: DISK }, trace: false });
    if (iv !== '') {
      const key = '5a'.repeat(32);
      const table = `0 ${DISK.size * 2048} crypt ${iv} ${key} 0 /dev/nullb0 0`;
      machine.run(`dmsetup create c0 --table "${table}"`);
    }
    machine.run(`mkzonefs -f ${iv === '' ? '/dev/nullb0' : '/dev/mapper/c0'}`);
    return machine;
  }
}

export class Sequence {
  readonly machine: Machine;
  private readonly setting: Setting;
  private readonly options: string;
  private readonly path: string;
  private readonly process: ProcessContext;
  private readonly slots: (number | null)[] = [null, null, null];
  private readonly slotFiles = [0, 0, 0];
  private readonly known: FileKnown[];
  private readonly badZones = new Set<string>();
  private writes = 0;
  private inodes: Inode[] = [];
  private mounted = false;

  constructor(machine: Machine, setting: Setting, options: string) {
    this.machine = machine;
    this.setting = setting;
    this.options = options;
    this.path = setting.iv === '' ? '/dev/nullb0' : '/dev/mapper/c0';
    this.process = machine.vfs.newProcess('program', '/');
    this.known = FILES.map(() => ({ blocks: [], apart: false }));
    this.manage('reset', CONVENTIONAL, SEQUENTIAL);
    this.mount();
  }

  /** Lets everything go, so that the next sequence finds the machine as this one did. */
  end(): void {
    const { vfs } = this.machine;
    this.call(vfs.exit(this.process));
    if (this.mounted) this.call(vfs.umount(this.process, '/mnt'));
    for (const order of this.badZones) this.machine.run(order);
  }

  /** One call, and the laws after it. Ends with what it returned, for the comparison of two machines. */
  perform(call: Call): unknown {
    if (!this.mounted) return null;
    const before = this.state();
    const apart = this.known.map((one) => one.apart);
    const resets = call.kind === 'outsider' || isReset(call);
    const result = this.make(call);
    const after = this.state();
    const number = typeof result === 'number' ? result : 0;
    if (CHANGES_NOTHING.has(number) && before.some((value, i) => value !== after[i])) {
      this.broken(call, `${errnoName(number)} changed nothing`, before, after);
    }
    if (!this.mounted) return result;
    for (let i = 0; i < SEQUENTIAL; i += 1) {
      const [was, pointer] = [before[2 * i + 1]!, after[2 * i + 1]!];
      if (!resets && !apart[i]! && pointer < was) {
        this.broken(call, 'only truncate to 0 moves a pointer back', was, pointer);
      }
      this.checkSize(call, i, after[2 * i]!, pointer);
    }
    return result;
  }

  /** Condition and pointer of each sequential zone, then sizes, modes, owners and counts. */
  private state(): number[] {
    const found: number[] = [];
    const device = this.machine.block.devices.get('nullb0')!;
    device.reportZones(CONVENTIONAL * ZONE_SECTORS, SEQUENTIAL, ({ start, cond, wp }) => {
      found.push(cond, isBad(cond) ? 0 : (wp - start) * 512);
    });
    for (const inode of this.inodes) {
      const { ino, size, mode, uid, gid } = inode.stat();
      found.push(ino, size, mode, uid, gid);
    }
    const { fs } = this;
    for (const count of Object.values(fs.sysfsAttributes?.() ?? {})) found.push(Number(count));
    found.push(fs.readOnly ? 1 : 0, fs.statfs().bfree);
    return found;
  }

  /** The same, without what depends on the way it came about. */
  outcome(): string {
    const sizes = FILES.map((_, file) => this.stat(file).size);
    return [...sizes, ...this.state().slice(0, 2 * SEQUENTIAL)].join(' ');
  }

  private get fs() {
    return this.machine.vfs.mounts.top('/mnt')!.fs;
  }

  private checkSize(call: Call, file: number, cond: number, pointer: number): void {
    if (isBad(cond)) this.known[file]!.apart = true;
    if (this.known[file]!.apart) return;
    const { size } = this.stat(file);
    const wanted = cond === ZoneCond.full ? CAPACITY : pointer;
    if (size !== wanted) this.broken(call, `the size of ${FILES[file]}`, wanted, size);
  }

  private make(call: Call): unknown {
    const { vfs } = this.machine;
    const { process } = this;
    switch (call.kind) {
      case 'open':
        return this.open(call.file, call.flags);
      case 'remount':
        return this.remount(call);
      case 'remount-rw':
        return this.call(
          vfs.mount(process, this.path, '/mnt', 'zonefs', { remount: true }, this.options),
        );
      case 'drop-caches':
        this.fs.dropCaches();
        return 0;
      case 'chmod':
        return this.call(vfs.chmod(process, this.pathOf(call.file), call.value));
      case 'chown':
        return this.call(vfs.chown(process, this.pathOf(call.file), call.value, call.value));
      case 'outsider':
        this.outsider(call.file, call.what);
        return 0;
      default:
        return this.onSlot(call);
    }
  }

  private onSlot(call: Extract<Call, { slot: number }>): unknown {
    const { vfs } = this.machine;
    const { process } = this;
    const fd = this.slots[call.slot];
    if (fd === null || fd === undefined) return 'no file';
    const file = this.slotFiles[call.slot]!;
    switch (call.kind) {
      case 'close':
        this.slots[call.slot] = null;
        return this.call(vfs.close(process, fd));
      case 'fsync':
        return this.call(vfs.fsync(process, fd));
      case 'fallocate':
        return this.call(vfs.fallocate(process, fd, 0, call.value, BLOCK));
      case 'seek':
        return this.call(vfs.lseek(process, fd, call.value, 'set'));
      case 'truncate': {
        const { size } = this.stat(file);
        const result = this.call(vfs.ftruncate(process, fd, call.size));
        if (result === 0 && size !== call.size) this.resized(file, call.size);
        return result;
      }
      case 'read':
        return this.read(call, file, fd);
      case 'aio':
        return this.aio(call, file, fd);
      case 'write':
        return this.write(call, file, fd);
    }
  }

  private open(file: number, flags: number): unknown {
    const slot = this.slots.indexOf(null);
    if (slot < 0) return 'no slot';
    const { vfs } = this.machine;
    const { size } = this.stat(file);
    const fd = this.call(vfs.open(this.process, this.pathOf(file), flags));
    if ((flags & O.TRUNC) !== 0 && fd >= 0 && size > 0) this.resized(file, 0);
    if (fd < 0) return fd;
    this.slots[slot] = fd;
    this.slotFiles[slot] = file;
    return 0;
  }

  private write(call: Extract<Call, { kind: 'write' }>, file: number, fd: number): number {
    const end = file === CNV ? 0 : this.stat(file).size;
    const at = Math.max(0, end + call.away * BLOCK);
    const appends = call.append || (this.flags(fd) & O.APPEND) !== 0;
    this.writes += 1;
    const length = call.bytes + call.odd;
    const place = appends ? end : at;
    const data = new PatternPayload(this.writes, place, length);
    const flags = { append: call.append, dsync: call.dsync };
    const { vfs } = this.machine;
    const result = this.call(vfs.pwrite(this.process, fd, data, at, flags));
    const direct = (this.flags(fd) & O.DIRECT) !== 0;
    const reached = result > 0 || !REFUSALS.has(result);
    // 6.1.192 looks for an append behind where it landed.
    const regressed = this.setting.kernel === '6.1.192' && file !== CNV && direct && length > 0;
    if (regressed && reached) this.lose(file);
    else this.wrote(file, place, result, this.writes, length);
    return result;
  }

  private aio(call: Extract<Call, { kind: 'aio' }>, file: number, fd: number): readonly number[] {
    const from = file === CNV ? 0 : this.stat(file).size;
    const length = call.blocks * BLOCK;
    const first = this.writes + 1;
    const writes = Array.from({ length: call.count }, (_, i) => ({
      offset: from + i * length,
      data: new PatternPayload(first + i, from + i * length, length),
    }));
    this.writes += call.count;
    const results = this.call(this.machine.vfs.aioWrite(this.process, fd, writes));
    // With O_APPEND each goes where the one before ends, which is where it was asked to go.
    for (const [i, result] of results.entries()) {
      this.wrote(file, from + i * length, result, first + i, length);
    }
    return results;
  }

  /** Keeps who wrote what; a write that failed leaves its place to anybody. */
  private wrote(file: number, at: number, result: number, id: number, length: number): void {
    const known = this.known[file]!;
    const whole = at % BLOCK === 0 && result % BLOCK === 0;
    const bytes = result > 0 ? result : REFUSALS.has(result) ? 0 : length;
    const last = Math.min(CAPACITY_BLOCKS * 2, Math.ceil((at + bytes) / BLOCK));
    for (let block = Math.floor(at / BLOCK); block < last; block += 1) {
      known.blocks[block] = result > 0 && whole && !known.apart ? id : 0;
    }
    if (result < 0 && !REFUSALS.has(result) && this.options.includes('zone-offline')) {
      known.apart = true;
    }
  }

  private read(call: Extract<Call, { kind: 'read' }>, file: number, fd: number): unknown {
    const at = call.block * BLOCK;
    const { size } = this.stat(file);
    const got = this.call(this.machine.vfs.pread(this.process, fd, call.bytes, at));
    if (!(got instanceof Payload)) {
      if (got === -errno.EIO) this.lose(file);
      return got;
    }
    const wanted = Math.max(0, Math.min(call.bytes, size - at));
    if (got.lengthBytes !== wanted)
      this.broken(call, 'the length of a read', wanted, got.lengthBytes);
    for (let done = 0; done + BLOCK <= got.lengthBytes; done += BLOCK) {
      const id = this.known[file]!.blocks[(at + done) / BLOCK] ?? 0;
      if (id === 0) continue;
      const expected = new PatternPayload(id, at + done, BLOCK);
      if (samePayload(got.slice(done, BLOCK), expected)) continue;
      this.broken(call, `byte ${at + done} of ${FILES[file]}`, `that of write ${id}`, 'another');
    }
    return got.lengthBytes;
  }

  private remount(call: Call): number {
    const { vfs } = this.machine;
    const before = FILES.map((_, file) => this.stat(file));
    const list = (): string =>
      ['/mnt', '/mnt/cnv', '/mnt/seq']
        .map((path) => JSON.stringify(this.call(vfs.readdir(this.process, path))))
        .join();
    const names = list();
    for (const [slot, fd] of this.slots.entries()) {
      if (fd !== null) this.call(vfs.close(this.process, fd));
      this.slots[slot] = null;
    }
    this.call(vfs.umount(this.process, '/mnt'));
    this.mounted = false;
    this.mount();
    if (!this.mounted) return -1;
    if (list() !== names) this.broken(call, 'a remount shows the same names', names, list());
    for (const [file, { ino, size }] of before.entries()) {
      const now = this.stat(file);
      const bad = file !== CNV && isBad(this.state()[2 * file]!);
      if (now.ino !== ino) this.broken(call, 'a remount keeps numbers', ino, now.ino);
      if (!bad && (now.mode !== 0o100640 || now.uid !== 0 || now.gid !== 0)) {
        this.broken(call, 'a remount forgets modes and owners', '100640 0 0', now);
      }
      if (file !== CNV && this.known[file]!.apart) {
        // The mount has looked at the zone: from here on the law holds again, unless the zone is bad.
        this.known[file]!.apart = bad;
        this.known[file]!.blocks.fill(0);
      } else if (now.size !== size) this.broken(call, 'a remount keeps sizes', size, now.size);
    }
    return 0;
  }

  private mount(): void {
    const { vfs } = this.machine;
    const result = this.call(
      vfs.mount(this.process, this.path, '/mnt', 'zonefs', {}, this.options),
    );
    this.mounted = result === 0;
    if (result !== 0) throw new BrokenLaw(`"mount" expected 0, got ${errnoName(result)}`);
    const { root } = this.fs;
    this.inodes = FILES.map((path) => {
      const [group, name] = path.split('/');
      return (root.lookup!(group!) as Inode).lookup!(name!) as Inode;
    });
  }

  private outsider(file: number, what: Outsider): void {
    const zone = CONVENTIONAL + file;
    this.lose(file);
    if (what === 'reset' || what === 'finish') {
      this.manage(what, zone, 1);
      return;
    }
    if (what !== 'write') {
      const name = what === 'offline' ? 'zone_offline' : 'zone_readonly';
      const order = `echo ${zone * ZONE_SECTORS} > /sys/kernel/config/nullb/nullb0/${name}`;
      // An order again makes the zone empty; only one of the two, so that it can be undone.
      if (this.badZones.size > 0 || this.machine.run(order).exit !== 0) return;
      this.badZones.add(order);
      return;
    }
    const { vfs } = this.machine;
    const pointer = this.state()[2 * file + 1]!;
    if (pointer >= CAPACITY) return;
    const fd = this.call(vfs.open(this.process, this.path, O.WRONLY | O.DIRECT));
    const at = zone * ZONE_SECTORS * 512 + pointer;
    this.call(vfs.pwrite(this.process, fd, new PatternPayload(0, at, BLOCK), at));
    this.call(vfs.close(this.process, fd));
  }

  private manage(command: 'reset' | 'finish', zone: number, count: number): void {
    const { vfs } = this.machine;
    const fd = this.call(vfs.open(this.process, this.path, O.RDWR));
    const sectors = count * ZONE_SECTORS;
    this.call(vfs.manageZones(this.process, fd, command, zone * ZONE_SECTORS, sectors));
    this.call(vfs.close(this.process, fd));
  }

  private resized(file: number, size: number): void {
    const known = this.known[file]!;
    known.blocks.fill(0);
    if (size === 0 && file !== CNV) known.apart = false;
  }

  /** Nobody knows what the file holds, nor whether its size is its zone's. */
  private lose(file: number): void {
    this.known[file]!.apart = file !== CNV;
    this.known[file]!.blocks.fill(0);
  }

  private flags(fd: number): number {
    return this.process.files.get(fd)!.flags;
  }

  private pathOf(file: number): string {
    return `/mnt/${FILES[file]}`;
  }

  private stat(file: number): Stat {
    return this.inodes[file]!.stat();
  }

  private call<T>(task: Task<T>): T {
    return this.machine.call(task, 'program');
  }

  private broken(call: Call, law: string, expected: unknown, got: unknown): never {
    const text = (value: unknown): string =>
      typeof value === 'string' ? value : JSON.stringify(value);
    throw new BrokenLaw(
      `${law}\n  after ${callText(call)}\n  expected ${text(expected)}\n  got      ${text(got)}`,
    );
  }
}

function isBad(cond: number): boolean {
  return cond === ZoneCond.readonly || cond === ZoneCond.offline;
}

function isReset(call: Call): boolean {
  if (call.kind === 'open') return (call.flags & O.TRUNC) !== 0;
  return call.kind === 'truncate' && call.size === 0;
}

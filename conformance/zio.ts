/**
 * The recordings' driver program, simulated: each recorded operation becomes the system calls it stands for, and its
 * outcome is given in the shape the recording has.
 */

import { WP_INVALID, ZONE_COND_NAMES } from '../src/block/device.ts';
import { FillPayload } from '../src/block/payload.ts';
import { queueAttributeNames, readQueueAttribute } from '../src/block/sysfs.ts';
import { O, S, type Stat } from '../src/fs/inode.ts';
import type { RwFlags, Whence, ZoneCommand } from '../src/fs/syscalls.ts';
import { errno, errnoName } from '../src/kernel/errno.ts';
import type { Task } from '../src/sim/task.ts';
import { recordedEvents } from './events.ts';
import type { Op } from './facts.ts';
import type { Room } from './machine-room.ts';
import { recordedLines } from './masks.ts';
import { runScript } from './scripts.ts';
import { memoryHandlers } from './zio-memory.ts';
import {
  data,
  describe,
  fd,
  type Handler,
  number,
  type Outcome,
  option,
  result,
} from './zio-words.ts';
import { patchZonefsSuperblock } from './zonefs-sb.ts';

/** What our machine makes of a recorded operation; null for one that no handler knows. */
export function perform(room: Room, op: Op): Outcome | null {
  const handler = HANDLERS[op.op];
  if (handler === undefined) return null;
  const words = (op.args ?? '').split(' ').filter((word) => word !== '');
  return handler(room, words, op);
}

function openFlags(text: string): number {
  let flags = 0;
  for (const name of text.split('|')) flags |= (O as Record<string, number>)[name] ?? 0;
  return flags;
}

function statOutcome(stat: Stat | number): Outcome {
  if (typeof stat === 'number') return result(stat);
  const { blksize, blocks, gid, ino, nlink, size, uid } = stat;
  return { blksize, blocks, gid, ino, mode: stat.mode.toString(8), nlink, ret: 0, size, uid };
}

function withOpen(room: Room, path: string, flags: number, use: (fd: number) => Outcome): Outcome {
  const { vfs } = room.machine;
  const handle = room.call(vfs.open(room.process, path, flags));
  if (handle < 0) return result(handle);
  const out = use(handle);
  room.call(vfs.close(room.process, handle));
  return out;
}

function readAt(room: Room, words: readonly string[]): Outcome {
  const offset = number(words[1]!);
  const length = number(words[2]!);
  const read = room.call(room.machine.vfs.pread(room.process, fd(room, words[0]), length, offset));
  if (typeof read === 'number') return result(read);
  if (read.lengthBytes === 0) return { ret: 0 };
  return { ret: read.lengthBytes, ...describe(read, words, offset) };
}

/** Runs of equal neighbouring 4 KiB reads were folded into one op when the recording was made. */
function readRun(room: Room, op: Op): Outcome {
  const { first, last, len } = op as unknown as { first: number; last: number; len: number };
  const count = op.n as number;
  const step = count > 1 ? (last - first) / (count - 1) : len;
  const handle = room.files.get('f') ?? room.files.get('r') ?? -1;
  const seen: Outcome[] = [];
  for (let i = 0; i < count; i += 1) {
    const offset = first + i * step;
    const read = room.call(room.machine.vfs.pread(room.process, handle, len, offset));
    if (typeof read === 'number') seen.push(result(read));
    else {
      const text = option((op.args as string | undefined)?.split(' ') ?? [], 'check') ?? '7';
      const { allzero, match } = describe(read, [`check=${text}`], offset);
      seen.push({ ret: read.lengthBytes, allzero, match });
    }
  }
  const odd = seen.find((one) => JSON.stringify(one) !== JSON.stringify(seen[0]));
  return { ...seen[0], first, last, len, n: count, ...(odd === undefined ? {} : { odd }) };
}

/** DM_DEV_CREATE, DM_TABLE_LOAD and resume; `stage` says where it stopped. Lines of `spec` end at semicolons. */
export function createMapping(room: Room, name: string, spec: string): Outcome {
  const { dm } = room.machine;
  room.lastMappingWorked = false;
  const created = dm.create(name);
  if (created < 0) return { stage: 'create', ...result(created) };
  const lines = spec
    .split(';')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\s+$/, ''));
  for (const [stage, act] of [
    ['load', () => dm.load(name, lines)],
    ['resume', () => dm.resume(name)],
  ] as const) {
    const value = act();
    if (value < 0) {
      dm.remove(name);
      return { stage, ...result(value) };
    }
  }
  room.lastMappingWorked = true;
  return { ret: 0, stage: 'ok' };
}

const TYPE: Readonly<Record<number, string>> = { 1: 'conv', 2: 'seq-req', 3: 'seq-pref' };

function zones(room: Room, words: readonly string[]): Outcome {
  const { vfs } = room.machine;
  const max = words[2] === undefined ? 1024 : number(words[2]);
  const listed: Outcome[] = [];
  const out = withOpen(room, words[0]!, O.RDONLY, (handle) => {
    let start = number(words[1] ?? '0');
    while (listed.length < max) {
      const report = room.call(vfs.reportZones(room.process, handle, start, 64));
      if (typeof report === 'number') return result(report);
      if (report.length === 0) break;
      for (const zone of report.slice(0, max - listed.length)) {
        listed.push({
          cap: zone.capacity,
          cond: ZONE_COND_NAMES[zone.cond],
          len: zone.len,
          start: zone.start,
          type: TYPE[zone.type],
          wp: zone.wp === WP_INVALID ? -1 : zone.wp,
        });
        start = zone.start + zone.len;
      }
    }
    return result(0);
  });
  return { ...out, zones: listed };
}

function zoneCommand(command: ZoneCommand): Handler {
  return (room, words) =>
    withOpen(room, words[0]!, O.RDWR, (handle) =>
      result(
        room.call(
          room.machine.vfs.manageZones(
            room.process,
            handle,
            command,
            number(words[1]!),
            number(words[2]!),
          ),
        ),
      ),
    );
}

function queue(room: Room, words: readonly string[]): Outcome {
  const stat = room.call(room.machine.vfs.stat(room.process, words[0]!));
  if (typeof stat === 'number' || stat.rdev === undefined) return { queue: {} };
  const device = room.machine.block.byNumber(stat.rdev.major, stat.rdev.minor)!;
  const values: Record<string, number | string> = {};
  for (const name of queueAttributeNames(device)) {
    const text = readQueueAttribute(device, name);
    if (typeof text !== 'string') continue;
    const value = text.replace(/\n$/, '');
    values[name] = /^-?\d+$/.test(value) ? Number(value) : value;
  }
  return { queue: values, sizeSectors: device.sizeSectors };
}

function mountOptions(room: Room, words: readonly string[]): Outcome {
  const text = room.machine.run('cat /proc/mounts').stdout;
  const line = text.split('\n').findLast((one) => one.split(' ')[1] === words[0]);
  return { mounted: line !== undefined, opts: line?.split(' ')[3] ?? '' };
}

/**
 * Kernels print at most 100 btrfs lines of a level in 5 s, and how long a guest took for its mounts is not recorded. So
 * ours never hits the limit, and compare.ts lets lines be absent after that many.
 */
const MOUNT_NS = 6e9;

function mount(room: Room, words: readonly string[]): Outcome {
  room.machine.host.loop.nowNs += MOUNT_NS;
  const [source = '', target = '', type = '', flags = '', options = ''] = words;
  const { vfs } = room.machine;
  room.call(vfs.mkdir(room.process, target));
  const readOnly = flags.split(',').includes('ro');
  const remount = flags.split(',').includes('remount');
  return result(
    room.call(
      vfs.mount(
        room.process,
        source,
        target,
        type,
        { readOnly, remount },
        options === '-' ? '' : options,
      ),
    ),
  );
}

/** A handler for an operation that is one system call with a plain result. */
function call(make: (room: Room, words: readonly string[]) => Task<number>): Handler {
  return (room, words) => result(room.call(make(room, words)));
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  open: (room, words) => {
    const { vfs } = room.machine;
    const mode = words[3] === undefined ? 0o644 : Number.parseInt(words[3], 8);
    const handle = room.call(vfs.open(room.process, words[2]!, openFlags(words[1]!), mode));
    if (handle < 0) return result(handle);
    room.files.set(words[0]!, handle);
    return { ret: 0 };
  },
  close: (room, words) => {
    const handle = room.files.get(words[0]!);
    if (handle === undefined) return result(-errno.EBADF);
    room.files.delete(words[0]!);
    return result(room.call(room.machine.vfs.close(room.process, handle)));
  },
  write: call((room, words) => {
    const from = number(option(words, 'patoff') ?? '0');
    return room.machine.vfs.write(
      room.process,
      fd(room, words[0]),
      data(words, from, number(words[1]!)),
    );
  }),
  pwrite: call((room, words) => {
    const offset = number(words[1]!);
    const bytes = data(words, offset, number(words[2]!));
    const misalign = option(words, 'misalign');
    const flags = misalign === undefined ? undefined : { memoryOffset: number(misalign) };
    return room.machine.vfs.pwrite(room.process, fd(room, words[0]), bytes, offset, flags);
  }),
  pwritev2: call((room, words) => {
    const offset = number(words[1]!);
    const flags: RwFlags = {
      append: words[3]!.includes('APPEND'),
      noWait: words[3]!.includes('NOWAIT'),
      dsync: words[3]!.includes('DSYNC'),
    };
    const bytes = data(words, offset, number(words[2]!));
    return room.machine.vfs.pwrite(room.process, fd(room, words[0]), bytes, offset, flags);
  }),
  pread: readAt,
  'pread-run': (room, _words, op) => readRun(room, op),
  aiowrite: (room, words) => {
    const offset = number(words[1]!);
    const length = number(words[2]!);
    const count = number(option(words, 'n') ?? '1');
    const writes = Array.from({ length: count }, (_, i) => ({
      offset: offset + i * length,
      data: data(words, offset + i * length, length),
    }));
    const results = room.call(room.machine.vfs.aioWrite(room.process, fd(room, words[0]), writes));
    const first = results[0] ?? 0;
    // io_submit(2) itself fails for a descriptor that cannot be written to; all else stands in the iocbs' results.
    if (results.every((value) => value === -errno.EBADF)) return result(first);
    return {
      ret: results.length,
      results: results.map((value) => (value < 0 ? errnoName(value) : value)),
    };
  },
  lseek: (room, words) => {
    const whence = words[2]!.toLowerCase() as Whence;
    return result(
      room.call(
        room.machine.vfs.lseek(room.process, fd(room, words[0]), number(words[1]!), whence),
      ),
    );
  },
  truncate: call((room, words) =>
    room.machine.vfs.truncate(room.process, words[0]!, number(words[1]!)),
  ),
  ftruncate: call((room, words) =>
    room.machine.vfs.ftruncate(room.process, fd(room, words[0]), number(words[1]!)),
  ),
  fallocate: call((room, words) =>
    room.machine.vfs.fallocate(
      room.process,
      fd(room, words[0]),
      number(words[1]!),
      number(words[2]!),
      number(words[3]!),
    ),
  ),
  fsync: call((room, words) => room.machine.vfs.fsync(room.process, fd(room, words[0]))),
  fdatasync: call((room, words) => room.machine.vfs.fsync(room.process, fd(room, words[0]), true)),
  sync: (room) => {
    room.call(room.machine.vfs.sync(room.process));
    return { ret: 0 };
  },
  syncfs: (room, words) =>
    withOpen(room, words[0]!, O.RDONLY, (handle) =>
      result(room.call(room.machine.vfs.syncfs(room.process, handle))),
    ),
  stat: (room, words) =>
    statOutcome(room.call(room.machine.vfs.stat(room.process, words[0]!, false))),
  fstat: (room, words) =>
    statOutcome(room.call(room.machine.vfs.fstat(room.process, fd(room, words[0])))),
  statfs: (room, words) => {
    const info = room.call(room.machine.vfs.statfs(room.process, words[0]!));
    if (typeof info === 'number') return result(info);
    const { fsid: _notRecorded, ...shown } = info;
    return { ...shown, type: `0x${info.type.toString(16)}`, ret: 0 };
  },
  readdir: (room, words) => {
    const names = room.call(room.machine.vfs.readdir(room.process, words[0]!));
    if (typeof names === 'number') return result(names);
    return { entries: names.slice(0, number(words[1] ?? '64')), ret: names.length };
  },
  ...memoryHandlers,
  link: call((room, words) => room.machine.vfs.link(room.process, words[0]!, words[1]!)),
  symlink: call((room, words) => room.machine.vfs.symlink(room.process, words[0]!, words[1]!)),
  mknod: call((room, words) => room.machine.vfs.mknod(room.process, words[0]!, S.IFREG | 0o644)),
  utimes: call((room, words) => room.machine.vfs.utimes(room.process, words[0]!)),
  setxattr: call((room, words) => {
    const value = new FillPayload(0x76, 1);
    return room.machine.vfs.setxattr(room.process, words[0]!, words[1]!, value);
  }),
  unlink: call((room, words) => room.machine.vfs.unlink(room.process, words[0]!)),
  rename: call((room, words) => room.machine.vfs.rename(room.process, words[0]!, words[1]!)),
  mkdir: call((room, words) => room.machine.vfs.mkdir(room.process, words[0]!)),
  rmdir: call((room, words) => room.machine.vfs.rmdir(room.process, words[0]!)),
  chmod: call((room, words) =>
    room.machine.vfs.chmod(room.process, words[0]!, Number.parseInt(words[1]!, 8)),
  ),
  chown: call((room, words) =>
    room.machine.vfs.chown(room.process, words[0]!, number(words[1]!), number(words[2]!)),
  ),
  mount: (room, words) => mount(room, words),
  umount: (room, words, op) => {
    if (op.ret === 0) room.closeAll();
    return result(room.call(room.machine.vfs.umount(room.process, words[0]!)));
  },
  mountopts: mountOptions,
  dm: (room, _words, op) => {
    const [, name = '', spec = ''] = /^(\S+) ?(.*)$/s.exec(op.args ?? '') ?? [];
    return createMapping(room, name, spec);
  },
  dmrm: (room, words) => result(room.machine.dm.remove(words[0]!)),
  dmtable: (room, words) => {
    const lines = room.machine.dm.table(words[0]!);
    if (typeof lines === 'number') return result(lines);
    return {
      ret: 0,
      targets: lines.map(
        (line) => `${line.startSector} ${line.sectors} ${line.target} ${line.params}`,
      ),
    };
  },
  zones,
  zreset: zoneCommand('reset'),
  zopen: zoneCommand('open'),
  zclose: zoneCommand('close'),
  zfinish: zoneCommand('finish'),
  discard: (room, words) =>
    withOpen(room, words[0]!, O.RDWR, (handle) =>
      result(
        room.call(
          room.machine.vfs.discard(room.process, handle, number(words[1]!), number(words[2]!)),
        ),
      ),
    ),
  zeroout: (room, words) =>
    withOpen(room, words[0]!, O.RDWR, (handle) =>
      result(
        room.call(
          room.machine.vfs.zeroOut(room.process, handle, number(words[1]!), number(words[2]!)),
        ),
      ),
    ),
  dmesg: (room) => ({ lines: recordedLines(room.flushLog()) }),
  sysq: queue,
  zonefs_sb: (room, words) => result(patchZonefsSuperblock(room, words)),
  trace: (room, words) => {
    const from = room.traceSeen;
    room.traceSeen = room.machine.trace.length;
    return words[0] === 'stop' ? { ret: 0, events: recordedEvents(room, from) } : { ret: 0 };
  },
  dropcaches: (room) => {
    room.call(room.machine.vfs.sync(room.process));
    room.machine.run('echo 3 > /proc/sys/vm/drop_caches');
    return { ret: 0 };
  },
  sh: (room, _words, op) => runScript(room, op),
};

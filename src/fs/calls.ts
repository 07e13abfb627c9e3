/**
 * How a system call shows in the trace, and how bios know which call made them: while a call's task runs,
 * `host.cause` is the index of its record; whenever the task waits, it is somebody else's.
 */

import { Payload } from '../block/payload.ts';
import type { Host } from '../sim/host.ts';
import type { Task, Wait } from '../sim/task.ts';
import type { Place, Walker } from './place.ts';

/** Calls that change names or mounts, all files at once, or one file; and those that look at one. */
const NAMED = (names: string): ReadonlySet<string> => new Set(names.split(' '));
const NAME_CALLS = NAMED('link symlink mknod mkdir rmdir unlink rename mount umount sync syncfs');
const WRITE_CALLS = NAMED(
  'write pwrite pwritev2 fsync fdatasync truncate ftruncate fallocate chmod chown utimensat setxattr ioctl io_submit msync store',
);
const READ_CALLS = NAMED('read pread load stat lstat fstat lseek');
/** Calls that find their way by a path, beside those above that change names. */
const PATH_CALLS = NAMED(
  'open stat lstat statfs getdents readlink truncate chmod chown utimensat setxattr swapon',
);

export class CallTrace {
  readonly host: Host;
  private readonly walker: () => Walker;
  /** Which file a path meant when it was opened last: descriptors know their path only. */
  private readonly files = new Map<string, Identity | null>();

  /** `walker`: asked while somebody explores, and at no other time. */
  constructor(host: Host, walker: () => Walker) {
    this.host = host;
    this.walker = walker;
  }

  /** A description was made. */
  opened({ place }: { readonly place: Place }): void {
    if (this.host.explored) this.files.set(place.path, identity(place));
  }

  /** Records that a call began; returns the index of the record. Names and paths are texts or their numbers in the trace. */
  begin(name: string | number, path: string | number, offset = 0, length = 0): number {
    const id = typeof path === 'string' ? this.host.trace.intern(path) : path;
    const call = typeof name === 'string' ? this.host.trace.intern(name) : name;
    return this.began(call, id, offset, length);
  }

  /** The same with numbers for both. */
  began(name: number, path: number, offset: number, length: number): number {
    const { trace, explored } = this.host;
    if (explored) this.touch(trace.text(name), trace.text(path));
    return trace.enabled ? trace.recordCall(name, offset, length, path) : -1;
  }

  /** Records how the call that began at `index` ended; `position` is where a read or write took place. */
  end(name: string | number, index: number, result: number, position = 0): void {
    const call = typeof name === 'string' ? this.host.trace.intern(name) : name;
    this.ended(call, index, result, position);
  }

  /** The same with a number for the name. */
  ended(name: number, index: number, result: number, position: number): void {
    const { trace } = this.host;
    if (trace.enabled) trace.recordReturn(name, index, position, result);
  }

  /** Runs `task` with `index` as the cause of what it sends. */
  *caused<T>(index: number, task: Task<T>): Task<T> {
    let next = this.step(index, task);
    while (next.done !== true) {
      yield next.value;
      next = this.step(index, task);
    }
    return next.value;
  }

  /** Runs `task` until it waits or ends. Calls made for every I/O drive their task with this: a generator less. */
  step<T>(index: number, task: Task<T>): IteratorResult<Wait, T> {
    const { host } = this;
    if (host.explored && index >= 0) {
      const { device, a } = host.trace.at(index);
      this.touch(device, host.trace.text(a));
    }
    const outer = host.cause;
    host.cause = index;
    try {
      return task.next();
    } finally {
      host.cause = outer;
    }
  }

  /**
   * For explorers: each turn of a call that changes a file touches the file, which stands for its locks as well. Devices
   * have none: below them the zones are touched.
   */
  private touch(name: string, path: string): void {
    const writes = WRITE_CALLS.has(name);
    const byPath = PATH_CALLS.has(name);
    if (NAME_CALLS.has(name)) this.host.touch('names', '', 0, true);
    else if (byPath) this.host.touch('names', '', 0, false);
    if (path === '' || !(writes || READ_CALLS.has(name))) return;
    const opened = byPath ? undefined : this.files.get(path);
    if (opened !== undefined) this.touchIdentity(opened, writes);
    else {
      const place = this.walker().resolve('/', path);
      if (typeof place !== 'number') this.touchFile(place, writes);
    }
  }

  /** The file at `place` is looked at, or changed. */
  touchFile(place: Place, changes: boolean): void {
    if (this.host.explored) this.touchIdentity(identity(place), changes);
  }

  private touchIdentity(file: Identity | null, changes: boolean): void {
    if (file !== null) this.host.touch('file', file.owner, file.ino, changes);
  }

  /** A whole call: its two records and, between them, its task. */
  *run<T>(
    name: string,
    path: string | number,
    offset: number,
    length: number,
    task: Task<T>,
  ): Task<T> {
    const index = this.begin(name, path, offset, length);
    const { cpu } = this.host;
    // Only io_submit among these calls moves its data within the call.
    const bytes = name === 'io_submit' ? length : 0;
    const body = cpu === null ? task : cpu.call(bytes, false, () => task);
    const result = yield* this.caused(index, body);
    this.end(name, index, resultNumber(result), offset);
    return result;
  }

  /** A call that needs not wait. */
  now<T>(name: string, path: string | number, body: () => T): T {
    const index = this.begin(name, path);
    const result = body();
    this.end(name, index, resultNumber(result));
    return result;
  }
}

/** A file is one under all its names and mount points. */
interface Identity {
  readonly owner: string;
  readonly ino: number;
}

/** Null for what has no lock of its own. */
function identity({ inode, mount, path }: Place): Identity | null {
  if (/^\/(?:dev|proc|sys)\b/.test(path) || inode.device !== undefined) return null;
  return { owner: mount?.fs.device.name ?? '', ino: inode.ino };
}

/** What a call returns as the number a trace shows: lengths for data and lists, 0 for structures. */
function resultNumber(result: unknown): number {
  if (typeof result === 'number') return result;
  if (result instanceof Payload) return result.lengthBytes;
  return Array.isArray(result) ? result.length : 0;
}

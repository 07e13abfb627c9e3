/**
 * Open file descriptions (struct file): what a descriptor stands for, with all that each read and write would
 * otherwise have to work out again.
 */

import { errno } from '../kernel/errno.ts';
import { type Inode, type IoFlags, O, type OpenFile, S } from './inode.ts';
import type { Place } from './place.ts';
import type { ProcessContext } from './syscalls.ts';

/** RLIMIT_NOFILE as a shell has it. */
const MAX_DESCRIPTORS = 1024;
/** 0, 1 and 2 are the standard streams, which programs of the model do not reach by number. */
const FIRST_DESCRIPTOR = 3;

export class OpenDescription implements OpenFile {
  readonly inode: Inode;
  readonly place: Place;
  /** The canonical path and its number in the trace. */
  readonly path: string;
  readonly pathId: number;
  /** Who opened it. */
  readonly process: ProcessContext;
  ioFlags: IoFlags;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly isDirectory: boolean;
  position = 0;
  /** Its descriptor and its mappings; with the last it is released. */
  references = 1;
  private: unknown = null;
  private openFlags: number;

  constructor(process: ProcessContext, place: Place, flags: number, pathId: number) {
    this.process = process;
    this.place = place;
    this.inode = place.inode;
    this.openFlags = flags;
    this.path = place.path;
    this.pathId = pathId;
    const access = flags & O.ACCMODE;
    this.readable = access !== O.WRONLY;
    this.writable = access !== O.RDONLY;
    this.isDirectory = (place.inode.stat().mode & S.IFMT) === S.IFDIR;
    this.ioFlags = ioFlagsOf(flags);
  }

  get flags(): number {
    return this.openFlags;
  }

  /** fcntl(F_SETFL): how the next reads and writes go changes with it. */
  set flags(flags: number) {
    this.openFlags = flags;
    this.ioFlags = ioFlagsOf(flags);
  }
}

function ioFlagsOf(flags: number): IoFlags {
  return {
    direct: (flags & O.DIRECT) !== 0,
    dsync: (flags & O.DSYNC) !== 0,
    append: (flags & O.APPEND) !== 0,
    noWait: false,
    blocking: true,
    memoryOffset: 0,
  };
}

/** The description behind a descriptor; undefined (EBADF) when there is none. */
export function descriptionOf(process: ProcessContext, fd: number): OpenDescription | undefined {
  return process.files.get(fd) as OpenDescription | undefined;
}

/** Gives the lowest free descriptor to `description`; EMFILE when there is none left. */
export function installDescriptor(process: ProcessContext, description: OpenDescription): number {
  for (let fd = FIRST_DESCRIPTOR; fd < MAX_DESCRIPTORS; fd += 1) {
    if (process.files.has(fd)) continue;
    process.files.set(fd, description);
    return fd;
  }
  return -errno.EMFILE;
}
